"""Knowing the same person in two provinces without a number: what is compared, and how it travels.

A national service makes a keyed digest of a person's document for one destination alone; no two
provinces hold the same value of anybody, and without the key nobody can try numbers against one.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.federation import times
from idp.federation.errors import InvalidAnswer
from idp.federation.rules import Rules

REQUEST, HANDLE = "cn-link-request+jwt", "cn-link+jwt"
"""Types of the two letters, so that neither passes for the other or for anything else."""
LIFETIME = 600
"""Seconds a handle may travel."""
_DOMAIN = b"cn-link-1"
_LONGEST = 128
_KEYS = 16
_MOST = 4
"""Destinations of one question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose handles somebody wants, for whom."""

    source: str
    kind: str
    number: str
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handle:
    value: str
    version: str
    """Of the key it was made under."""


def canonical(kind: str, number: str) -> bytes:
    """A document as bytes that are no other document's: each part with its length before it."""
    text = unicodedata.normalize("NFKC", number).upper()
    parts = (_DOMAIN, kind.encode(), text.encode())
    return b"".join(len(part).to_bytes(2) + part for part in parts)


def read_request(claims: Mapping[str, Any], own: str, now: float, rules: Rules) -> Asked:
    """What a province asks the service. Raises InvalidAnswer."""
    _check(claims, own, now, rules)
    person, listed = claims.get("person"), claims.get("destinations")
    if not isinstance(person, dict) or not isinstance(listed, list) or not 0 < len(listed) <= _MOST:
        raise InvalidAnswer("person")
    kind, number = person.get("kind"), person.get("number")
    for value in (kind, number, *listed):
        if not isinstance(value, str) or not value or len(value) > 2 * _LONGEST:
            raise InvalidAnswer("person")
    return Asked(str(claims["iss"]), str(kind), str(number), tuple(listed))


def read_handle(
    claims: Mapping[str, Any], own: str, source: str, now: float, rules: Rules
) -> list[Handle]:
    """What the service made for us, of a person that ``source`` stands for: under each of its keys,
    the current one first. Raises InvalidAnswer.
    """
    _check(claims, own, now, rules)
    if claims.get("src") != source:
        raise InvalidAnswer("src")
    listed = claims.get("handles")
    if not isinstance(listed, list) or not 0 < len(listed) <= _KEYS:
        raise InvalidAnswer("handles")
    return [_handle(each) for each in listed]


def _handle(member: object) -> Handle:
    found = [member.get(name) for name in ("h", "v")] if isinstance(member, dict) else []
    if len(found) != len(("h", "v")) or not all(map(_is_short, found)):
        raise InvalidAnswer("handles")
    return Handle(str(found[0]), str(found[1]))


def _is_short(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _LONGEST


def _check(claims: Mapping[str, Any], own: str, now: float, rules: Rules) -> None:
    if claims.get("aud") != own:
        raise InvalidAnswer("aud")
    if not isinstance(claims.get("iss"), str) or not isinstance(claims.get("jti"), str):
        raise InvalidAnswer("jti")
    lifetime = times.parse(claims, InvalidAnswer)
    if lifetime.ends - lifetime.begins > LIFETIME:
        raise InvalidAnswer("lifetime")
    lifetime.check(now, rules, InvalidAnswer)
