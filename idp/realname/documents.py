"""Identity documents: which there are, the form of their numbers, and what a number says; pure.

Numbers are kept as the document writes them, in capitals and without spaces. A resident number
of the first generation (15 digits) becomes the one of 18 that its holder has had since.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from stdnum.iso7064 import mod_11_2

from idp.errors import IdpError
from idp.realname.errors import (
    BirthdateImpossible,
    BirthdateNeeded,
    NumberMalformed,
    NumberMistyped,
    OtherDocument,
    UnknownDocument,
)

_CONFIG = Path(__file__).parent.parent.parent / "config"
TABLE = tomllib.loads((_CONFIG / "documents.toml").read_text("utf-8"))
"""By kind: ``name``, ``name_en``, and its ``codes`` in other schemes."""
_REGIONS = tomllib.loads((_CONFIG / "regions.toml").read_text("utf-8"))
PROVINCES: dict[str, str] = _REGIONS["provinces"]
"""By the first two digits of a number."""

RESIDENT = "resident_id"
NETWORK_CREDENTIAL = "network_credential"
"""网证: no document of a number people know. The platform names its holder, to this node alone."""
OLDEST = 150
"""Years: whoever would be older has mistyped."""
ADULT, CHILD = 18, 14
BEIJING = timezone(timedelta(hours=8))
_LEGACY, _LENGTH = 15, 18
_RESIDENCE = ("810000", "820000", "830000")
_CENTENARIANS = range(996, 1000)
_SPACES = re.compile(r"[\s\u200b-]+")


@dataclass(frozen=True, slots=True)
class Document:
    """A number that has the form its kind has. Whether it was ever issued only a register knows."""

    kind: str
    number: str
    born: date | None = None
    gender: str = ""
    """``male`` or ``female``, where the number says so."""

    @property
    def key(self) -> str:
        """What a person is found by: the same digits may stand on two kinds of document."""
        return f"{self.kind}:{_person(self.kind, self.number)}"


def today() -> date:
    """The day it is in China, wherever the node runs: birthdays are counted there."""
    return datetime.now(BEIJING).date()


def age(born: date, day: date) -> int:
    """Whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def birthday(born: date, years: int) -> date:
    """The day somebody is so old; who was born on 29 February waits for 1 March."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def read(kind: str, written: str, day: date | None = None) -> Document:
    """The document of ``kind`` with the number ``written``.

    Raises UnknownDocument, NumberMalformed, NumberMistyped, BirthdateImpossible or OtherDocument.
    """
    if kind not in KINDS:
        raise UnknownDocument
    number = _SPACES.sub("", unicodedata.normalize("NFKC", written)).upper()
    return KINDS[kind](number, day or today())


def named_by(written: str) -> Document | None:
    """The card of a resident whose number somebody gives as their name; None for anything else."""
    for kind in (RESIDENT, "hmt_residence", "permanent_residence"):
        try:
            return read(kind, written)
        except IdpError:
            continue
    return None


def dated(document: Document, written: str) -> Document:
    """``document`` with the day of birth its holder states (ISO 8601), where its number says none.

    Raises BirthdateNeeded.
    """
    if document.born is not None:
        return document
    try:
        born = date.fromisoformat(written.strip())
    except ValueError:
        raise BirthdateNeeded from None
    if not 0 <= age(born, today()) <= OLDEST:
        raise BirthdateNeeded
    return replace(document, born=born)


def _resident(number: str, today: date) -> Document:
    if re.fullmatch(r"[0-9]{15}", number):
        number = from_legacy(number)
    _shaped(number, r"[0-9]{17}[0-9X]")
    if number.startswith(_RESIDENCE):
        raise OtherDocument
    if number[0] == "9" and number[1:3] in PROVINCES:
        raise OtherDocument
    if number[:2] not in PROVINCES:
        raise NumberMalformed
    return _dated(RESIDENT, number, today)


def _residence_permit(number: str, today: date) -> Document:
    kind = "hmt_residence"
    _shaped(number, r"[0-9]{17}[0-9X]")
    if not number.startswith(_RESIDENCE):
        if number[:2] in PROVINCES:
            raise OtherDocument
        raise NumberMalformed
    return _dated(kind, number, today)


def _permanent_residence(number: str, today: date) -> Document:
    """Cards since December 2023 have 18 digits; those before, valid until they expire, 15 signs."""
    kind = "permanent_residence"
    if len(number) == _LEGACY:
        _shaped(number, r"[A-Z]{3}[0-9]{12}")
        if not any(_day(century + number[7:13]) for century in ("19", "20")):
            raise BirthdateImpossible
        return Document(kind, number)
    _shaped(number, r"9[0-9]{16}[0-9X]")
    if number[1:3] not in PROVINCES:
        raise NumberMalformed
    return _dated(kind, number, today)


def _of_form(kind: str, form: str) -> Callable[[str, date], Document]:
    def read_number(number: str, _today: date) -> Document:
        _shaped(number, form)
        return Document(kind, number)

    return read_number


KINDS: dict[str, Callable[[str, date], Document]] = {
    RESIDENT: _resident,
    "hmt_residence": _residence_permit,
    "permanent_residence": _permanent_residence,
    "hm_travel": _of_form("hm_travel", r"[HM][0-9]{8}(?:[0-9]{2})?"),
    "tw_travel": _of_form("tw_travel", r"[0-9]{8}|[0-9]{10}[A-Z]?"),
    "passport": _of_form("passport", r"E[0-9A-HJ-NP-Z][0-9]{7}|[DSPG][0-9A-Z][0-9]{7}"),
    "foreign_passport": _of_form("foreign_passport", r"[0-9A-Z]{5,17}"),
}
"""Every kind, in the order people choose from."""


UNSTATED = Document(NETWORK_CREDENTIAL, "")
"""What is known of who shows a network credential before the platform has answered."""


def stored(kind: str, number: str) -> Document:
    """A document that was read before, as we keep it."""
    return Document(kind, number) if kind == NETWORK_CREDENTIAL else read(kind, number)


def from_legacy(number: str) -> str:
    """The 18 digits of a number of 15 (GB 11643-1989 to -1999); 996 to 999 marked centenarians."""
    century = "18" if int(number[12:]) in _CENTENARIANS else "19"
    body = number[:6] + century + number[6:]
    return body + mod_11_2.calc_check_digit(body)


def _person(kind: str, number: str) -> str:
    """A renewed permit for Hong Kong and Macao counts its renewals in two more digits."""
    return number[:9] if kind == "hm_travel" else number


def _shaped(number: str, form: str) -> None:
    if not re.fullmatch(form, number):
        raise NumberMalformed


def _dated(kind: str, number: str, today: date) -> Document:
    born = _day(number[6:14])
    if born is None or born > today or today.year - born.year > OLDEST:
        raise BirthdateImpossible
    if mod_11_2.calc_check_digit(number[:17]) != number[17]:
        raise NumberMistyped
    return Document(kind, number, born, "male" if int(number[16]) % 2 else "female")


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
