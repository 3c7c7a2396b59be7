"""What may be shown of personal data: enough to recognise one's own, too little to use."""

STAR = "*"
MAINLAND = "+86"
_MOBILE_DIGITS = 11
_LONG, _MIDDLE = 15, 7
_STARS_AT_MOST = 10
"""Names in Latin letters are long: more stars would fill the page, and tell how long."""


def phone(number: str) -> str:
    """``+8613800000000`` → ``138****0000``; other countries keep their prefix."""
    mainland = number.removeprefix(MAINLAND)
    if mainland.isdecimal() and len(mainland) == _MOBILE_DIGITS:
        return _keep(mainland, 3, 4)
    if not number.startswith("+"):
        return _keep(number, 0, min(2, len(number) // 4))
    return _keep(number, min(4, len(number) // 3), min(2, len(number) // 4))


def name(full: str) -> str:
    """``张小三`` → ``张*三``, ``张三`` → ``张*``; a name of one letter shows nothing."""
    letters = full.strip()
    if len(letters) <= 1:
        return STAR * len(letters)
    last = letters[-1] if len(letters) > 2 else ""  # noqa: PLR2004
    hidden = len(letters) - 1 - len(last)
    return letters[0] + STAR * min(hidden, _STARS_AT_MOST) + last


def id_number(number: str) -> str:
    """``11010519491231002X`` → ``1101**********002X``; shorter documents show less."""
    if len(number) >= _LONG:
        return _keep(number, 4, 4)
    if len(number) >= _MIDDLE:
        return _keep(number, 1, 2)
    return STAR * len(number)


def birthdate(date: str) -> str:
    """``1990-03-07`` → ``1990-**-**``."""
    return date[:4] + "-**-**"


def _keep(text: str, first: int, last: int) -> str:
    return text[:first] + STAR * (len(text) - first - last) + text[len(text) - last :]
