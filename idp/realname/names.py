"""Names as documents write them. A name is never changed in silence: only spaces around it and
the many shapes of the dot are made one, which no reader would call another name.
"""

import re

from idp.realname.errors import NameMalformed, NameUnwritable

SHORTEST, LONGEST = 2, 100
_DOTS = str.maketrans(dict.fromkeys("•．・‧∙⋅･", "·"))
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
# Compatibility ideographs are kept as they are: normalising would put another character there.
_IDEOGRAPHS = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff〇"
    "\U00020000-\U0002fffd\U00030000-\U0003fffd"  # planes 2 and 3 hold nothing else
)
_HAN = re.compile(rf"[{_IDEOGRAPHS}]+(?:·[{_IDEOGRAPHS}]+)*")
LONGEST_HAN = 50
_LETTERS = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
_LATIN = re.compile(rf"[{_LETTERS}]+(?:[ '’.,-]{{1,2}}[{_LETTERS}]+)*\.?")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")


def read(written: str) -> str:
    """The name as it is kept and compared. Raises NameMalformed or NameUnwritable."""
    if _PRIVATE.search(written):
        raise NameUnwritable
    name = written.translate(_DOTS)
    if re.search(rf"[{_IDEOGRAPHS}]", name):
        name = _SPACE.sub("", name)
        fits = _HAN.fullmatch(name) and SHORTEST <= len(name) <= LONGEST_HAN
    else:
        name = _SPACE.sub(" ", name).strip()
        fits = _LATIN.fullmatch(name) and SHORTEST <= len(name) <= LONGEST
    if not fits:
        raise NameMalformed
    return name


def same(one: str, other: str) -> bool:
    """Whether two names are one: documents in Latin letters write them all in capitals."""
    return one.casefold() == other.casefold()
