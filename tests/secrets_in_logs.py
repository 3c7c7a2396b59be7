"""No log line may hold what a person is known by, or what opens anything.

Patterns find the kinds everybody knows; ``remember`` adds values a test has seen, such as
the code on the fake phone or the password it typed.
"""

import re

PATTERNS = {
    "a phone number": re.compile(r"(?<![0-9A-Za-z])(?:\+?86)?1[3-9]\d{9}(?![0-9A-Za-z])"),
    "an ID number": re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{9}[0-9Xx](?![0-9A-Za-z])"),
    "a JWT": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."),
    "a query string": re.compile(r"[?&](?:code|state|nonce|login_hint|id_token_hint)="),
}
_SHORTEST = 6
_remembered: set[str] = set()


def remember(value: str) -> str:
    """Hand back ``value``, which must not be found in any log from now on."""
    if len(value) >= _SHORTEST:
        _remembered.add(value)
    return value


def forget_all() -> None:
    _remembered.clear()


def find(text: str) -> str:
    """What kind of secret ``text`` holds, "" for none. Never the secret itself."""
    for kind, pattern in PATTERNS.items():
        if pattern.search(text):
            return kind
    for value in _remembered:
        if re.search(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", text):
            return "a value the test registered as secret"
    return ""
