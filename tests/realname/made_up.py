"""Made-up names and numbers by the hundred thousand: a seed each, so that a failure comes again."""

from datetime import date, timedelta
from random import Random

from idp.realname.documents import PROVINCES, RESIDENT
from tests.realname.test_documents import check

_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗欧阳司马上官诸葛"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英建国玉兰志红"
_MINORITY = ("买买提", "艾合买提江", "阿卜杜热西提", "古丽", "尼玛", "次仁", "热合曼")
_RARE = [*range(0x3400, 0x3500), *range(0x20000, 0x20100), *range(0x31350, 0x31400)]
_LATIN = ("JOHN", "ANNE-MARIE", "O'NEILL", "MÜLLER", "JÖRG", "SMITH", "NGUYỄN", "Łukasz")
_DAYS = (date(2026, 11, 22) - date(1900, 1, 1)).days
_DIGITS, _LETTERS = "0123456789", "ABCDEFGHJKLMNPQRSTUVWXYZ"


def name(chance: Random) -> str:
    """Han of two to four, rare characters among them; names with dots; names in Latin letters."""
    kind = chance.random()
    if kind < 0.1:
        return "·".join(chance.choices(_MINORITY, k=chance.randint(2, 3)))
    if kind < 0.2:
        return " ".join(chance.choices(_LATIN, k=chance.randint(1, 3)))
    given = "".join(chance.choices(_GIVEN, k=chance.randint(0, 2)))
    rare = chr(chance.choice(_RARE)) if kind < 0.4 or not given else ""
    return chance.choice(_FAMILY) + given + rare


def number(chance: Random) -> tuple[str, str]:
    """A kind of document and a number of its form."""
    digits = "".join(chance.choices(_DIGITS, k=10))
    kind = chance.random()
    if kind < 0.1:
        return "passport", "E" + chance.choice(_LETTERS.replace("I", "")) + digits[:7]
    if kind < 0.2:
        return "hm_travel", chance.choice("HM") + digits[: chance.choice((8, 10))]
    if kind < 0.3:
        return "tw_travel", digits[: chance.choice((8, 10))]
    if kind < 0.4:
        letters = _DIGITS + _LETTERS
        return "foreign_passport", "".join(chance.choices(letters, k=chance.randint(5, 17)))
    born = date(1900, 1, 1) + timedelta(days=chance.randint(0, _DAYS))
    province = chance.choice(sorted(PROVINCES))
    if kind < 0.45:
        country = "".join(chance.choices(_LETTERS, k=3))
        return "permanent_residence", f"{country}{province}00{born:%y%m%d}{digits[:2]}"
    if kind < 0.5:
        return "permanent_residence", _checked(f"9{province}{digits[:3]}", born, digits)
    if kind < 0.6:
        place = chance.choice(("810000", "820000", "830000"))
        return "hmt_residence", _checked(place, born, digits)
    return RESIDENT, _checked(f"{province}01{digits[:2]}", born, digits)


def _checked(place: str, born: date, digits: str) -> str:
    body = f"{place}{born:%Y%m%d}{digits[4:7]}"
    return body + check(body)
