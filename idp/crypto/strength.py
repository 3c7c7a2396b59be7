"""Is a password good enough, and if not, what should the person change?

zxcvbn knows what English speakers choose; ``common_passwords.txt`` and the rules here know
what people in China choose: pinyin names and phrases, birthdays, phone numbers, lucky
digits, runs along the keyboard. Every reason says what to change.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from zxcvbn import zxcvbn

from idp.errors import N_

SHORTEST, LONGEST = 8, 128
GOOD_SCORE = 3
_READ = 40
"""Letters zxcvbn looks at; its time grows with the square."""
_DIFFERENT = 5
_RUN = 4

TOO_SHORT = N_("密码太短，请至少使用 8 个字符。")
TOO_LONG = N_("密码太长，请不要超过 128 个字符。")
UNPRINTABLE = N_("密码含有无法显示的字符，请重新输入。")
COMMON = N_("这是常见密码，很容易被猜到，请换一个。")
PERSONAL = N_("密码中含有您的用户名、手机号等个人信息，请去掉。")
PHONE = N_("密码像是手机号码，请不要用手机号码作密码。")
BIRTHDAY = N_("密码主要由日期组成，请不要用生日或纪念日。")
PINYIN = N_("密码由常用拼音、姓名加数字组成，容易被猜到，请加入不相关的词或字符。")
KEYBOARD = N_("密码是键盘上相邻的按键，请不要按键盘顺序输入。")
SEQUENCE = N_("密码含有连续的数字或字母，请打乱顺序。")
REPEAT = N_("密码重复使用了相同的字符，请减少重复。")
DIGITS = N_("密码只有数字，请加入字母或其他字符。")
GUESSABLE = N_("密码太容易被猜到，请再加一两个不相关的词或字符。")

_LEET = str.maketrans("@401!35$7", "aaoiiesst")
_MOBILE = re.compile(r"(?:86)?1[3-9]\d{9}")
_YEAR = r"(?:19[2-9]\d|20[0-4]\d)"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"{_YEAR}{_MONTH}{_DAY}|{_DAY}{_MONTH}{_YEAR}|\d\d{_MONTH}{_DAY}|{_YEAR}")
_DATE_JOINTS = re.compile(rf"({_YEAR})\s*[-/.年]\s*(\d\d?)\s*[-/.月]\s*(\d\d?)日?")
_LUCKY = re.compile(
    r"(?:5?20|1314|521|5201314|666+|888+|168|518|123+|12345+6*7*8*9*0?|0+|\d{1,3})+"
)
_PINYIN_RUN = re.compile(r"[a-z]+")
_KEY_ROWS = ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
_KEY_COLUMNS = ("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/")


def strength(password: str, hints: Sequence[str] = ()) -> list[str]:
    """Reasons to refuse ``password``, as messages to translate; empty when it is good.

    ``hints`` is what anybody may know of the person: user name, phone, name.
    """
    if len(password) < SHORTEST:
        return [TOO_SHORT]
    if len(password) > LONGEST:
        return [TOO_LONG]
    if not password.isprintable():
        return [UNPRINTABLE]
    lowered = password.casefold()
    known = [hint.casefold() for hint in hints if len(hint) >= _RUN]
    reasons = [reason for reason, applies in _RULES.items() if applies(lowered)]
    if _personal(lowered, known):
        reasons.append(PERSONAL)
    return reasons or _guessable(password, known)


def _guessable(password: str, known: list[str]) -> list[str]:
    found = zxcvbn(password[:_READ], user_inputs=[*known, *_words()])
    if found["score"] >= GOOD_SCORE:
        return []
    patterns = {match["pattern"] for match in found["sequence"]}
    found_out = [reason for pattern, reason in _PATTERNS.items() if pattern in patterns]
    return [*found_out, GUESSABLE]


_PATTERNS = {"spatial": KEYBOARD, "repeat": REPEAT, "sequence": SEQUENCE, "date": BIRTHDAY}


def _personal(password: str, known: list[str]) -> bool:
    digits = [hint.removeprefix("+86") for hint in known]
    return any(hint in password or password in hint for hint in digits)


def _is_common(password: str) -> bool:
    bare = password.strip("!@#$%^&*.?~_- ")
    forms = {password, bare, password.translate(_LEET), bare.translate(_LEET), password[::-1]}
    return not forms.isdisjoint(_common())


def _is_pinyin_and_digits(password: str) -> bool:
    """Names and phrases in pinyin, with a lucky number or a date: ``zhangwei1990``."""
    plain = re.sub(r"[^a-z0-9]", "", password)
    letters = "".join(_PINYIN_RUN.findall(plain))
    rest = _PINYIN_RUN.sub("", plain)
    few_marks = len(password) - len(plain) <= 2  # noqa: PLR2004
    tail = not rest or bool(_LUCKY.fullmatch(rest) or _DATE.fullmatch(rest))
    return bool(letters) and tail and few_marks and _made_of_words(letters)


def _made_of_words(letters: str) -> bool:
    """Whether at most three known words spell ``letters``: a fourth makes it a sentence."""
    fewest = [0] + [99] * len(letters)
    for end in range(1, len(letters) + 1):
        starts = (at for at in range(end) if letters[at:end] in _words())
        fewest[end] = min((fewest[at] + 1 for at in starts), default=99)
    return fewest[-1] <= 3  # noqa: PLR2004


def _is_date(password: str) -> bool:
    joined = _DATE_JOINTS.sub(lambda m: f"{m[1]}{int(m[2]):02}{int(m[3]):02}", password)
    rest = _DATE.sub("", joined)
    return rest != joined and len(rest) <= 2 and any(c.isdigit() for c in joined)  # noqa: PLR2004


def _is_phone(password: str) -> bool:
    rest = _MOBILE.sub("", password)
    return rest != password and len(rest) < _RUN


def _is_keyboard(password: str) -> bool:
    """All of it walks along rows or columns of keys, in runs of three and more."""
    covered = at = 0
    while at < len(password):
        run = max((_walk(password[at:], path) for path in _paths()), default=0)
        covered += run if run >= 3 else 0  # noqa: PLR2004
        at += max(run, 1)
    return covered >= len(password) - 2 and not password.isdecimal()


def _walk(text: str, path: str) -> int:
    length = 0
    while length < len(text) and text[: length + 1] in path:
        length += 1
    return length


def _is_sequence(password: str) -> bool:
    steps = [ord(b) - ord(a) for a, b in pairwise(password)]
    even = sum(1 for step in steps if abs(step) == 1)
    return even >= len(password) - 3


def _is_repeat(password: str) -> bool:
    doubled = (password + password).find(password, 1)
    return (doubled < len(password) and doubled <= _RUN) or len(set(password)) < _DIFFERENT


_RULES = {
    COMMON: _is_common,
    PHONE: _is_phone,
    BIRTHDAY: _is_date,
    PINYIN: _is_pinyin_and_digits,
    KEYBOARD: _is_keyboard,
    SEQUENCE: _is_sequence,
    REPEAT: _is_repeat,
    DIGITS: str.isdecimal,
}


@cache
def _paths() -> tuple[str, ...]:
    rows = (*_KEY_ROWS, *_KEY_COLUMNS)
    return (*rows, *(row[::-1] for row in rows))


@cache
def _common() -> frozenset[str]:
    return frozenset(_section("passwords"))


@cache
def _words() -> frozenset[str]:
    return frozenset(_section("words"))


def _section(wanted: str) -> list[str]:
    """The words under ``[wanted]`` in the list; ``#`` starts a comment."""
    found: list[str] = []
    section = ""
    path = Path(__file__).with_name("common_passwords.txt")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == wanted and not line.startswith("#"):
            found += line.split()
    return found
