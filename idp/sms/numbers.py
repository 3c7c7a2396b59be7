"""Mobile numbers as people type them, made into E.164 (mainland only)."""

import re
import unicodedata
from collections.abc import Iterable

from idp.sms.errors import BadNumber

_DECORATION = re.compile(r"[\s\-‐-―()]+")
_MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")


def normalise(text: str, refused_prefixes: Iterable[str] = ()) -> str:
    """``138 0013 8000`` → ``+8613800138000``. Raises BadNumber.

    Segments are not checked further: new ones open every year and numbers change carriers.
    """
    plain = _DECORATION.sub("", unicodedata.normalize("NFKC", text))
    found = _MAINLAND.fullmatch(plain)
    if found is None or found[1].startswith(tuple(refused_prefixes)):
        raise BadNumber
    return f"+86{found[1]}"


def national(number: str) -> str:
    """The eleven digits providers at home ask for."""
    return number.removeprefix("+86")
