"""User names and passwords a person chooses: which ones may be."""

import re

from idp.crypto.passwords import strength
from idp.sms.numbers import national

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,29}")


def username_fits(username: str) -> bool:
    """4–30 letters, digits and underscores, a letter first: never a phone or an ID number."""
    return _USERNAME.fullmatch(username) is not None


def weaknesses(password: str, username: str | None, phone: str | None) -> list[str]:
    """Reasons to refuse a password, as messages to translate; empty when it is good."""
    hints = [username or "", national(phone) if phone else ""]
    return strength(password, [hint for hint in hints if hint])
