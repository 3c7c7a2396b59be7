"""What may be shown of personal data: enough to recognise one's own, too little to use."""

STAR = "*"
MAINLAND = "+86"
_MOBILE_DIGITS = 11
_LONG, _MIDDLE = 15, 7


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
    return _keep(letters, 1, 1 if len(letters) > 2 else 0)  # noqa: PLR2004


def id_number(number: str) -> str:
    """``11010519491231002X`` → ``1101**********002X``; shorter documents show less."""
    if len(number) >= _LONG:
        return _keep(number, 4, 4)
    if len(number) >= _MIDDLE:
        return _keep(number, 1, 2)
    return STAR * len(number)


def _keep(text: str, first: int, last: int) -> str:
    hidden = len(text) - first - last
    return text[:first] + STAR * hidden + text[len(text) - last :]
