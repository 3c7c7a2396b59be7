"""A picture on one screen for a phone to scan: who waits before it, who scanned, what they said.

In Redis alone, for minutes, sealed and bound to the secret in the picture; each step is taken only
from the state it was decided on, so that of two phones one is first.
"""

import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson

from idp.crypto.errors import UnknownKey
from idp.store import ephemeral
from idp.store.asking import ask
from idp.store.scripts import Script
from idp.store.types import sealer

_KIND = "scan"
_MOVE = Script(
    """
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1
    """
)


class State(StrEnum):
    WAITING = "waiting"
    SCANNED = "scanned"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    USED = "used"
    """Confirmed, and the screen is signed in: the phone may still ask what became of it."""


@dataclass(frozen=True, slots=True)
class Scan:
    interaction: str
    """The sign-in that waits, by its id, ..."""
    browser: str
    """... in this browser."""
    terminal: str
    """What the person is told of the screen: its browser, ..."""
    place: str
    """... the range of its address, ..."""
    client_id: str
    """... and the portal that asks; "" for our own pages."""
    state: State = State.WAITING
    account_id: str = ""
    """Whose phone scanned, ..."""
    session: str = ""
    """... in which session."""
    method: str = ""
    """What that session proved a moment ago, as RFC 8176 names it; with CONFIRMED."""
    footing: str = ""
    """What the approval rests on (``proofs.footing``)."""
    token: str = field(default="", repr=False, compare=False)
    _raw: bytes = field(default=b"", repr=False, compare=False)


def begin(scan: Scan, lifetime: timedelta) -> Scan:
    """Draw the secret of a new picture: 128 bits."""
    token = secrets.token_urlsafe(16)
    raw = _sealed(scan, token)
    ask(("SET", ephemeral.key(_KIND, token), raw, "PX", _ms(lifetime)))
    return replace(scan, token=token, _raw=raw)


def find(token: str) -> Scan | None:
    """One question to Redis; None once its time is over, or its master key was dropped."""
    raw = ask(("GET", ephemeral.key(_KIND, token)))[0] if token else None
    if raw is None:
        return None
    try:
        found: dict[str, Any] = orjson.loads(sealer().open(_KIND, raw.decode(), token))
    except UnknownKey:
        return None
    return Scan(**found | {"state": State(found["state"]), "token": token, "_raw": raw})


def move(before: Scan, after: Scan, lifetime: timedelta) -> Scan | None:
    """Take a step; None where somebody took another one first, or the time is over."""
    raw = _sealed(after, before.token)
    key = ephemeral.key(_KIND, before.token)
    if not _MOVE([key], [before._raw, raw, _ms(lifetime)]):
        return None
    return replace(after, token=before.token, _raw=raw)


def take(scan: Scan, lifetime: timedelta) -> bool:
    """Use it up as it was found. False: another tab did, or it has changed."""
    return move(scan, replace(scan, state=State.USED), lifetime) is not None


def _sealed(scan: Scan, token: str) -> bytes:
    kept = asdict(scan)
    del kept["token"], kept["_raw"]
    return str(sealer().seal(_KIND, orjson.dumps(kept).decode(), token)).encode()


def _ms(lifetime: timedelta) -> int:
    return int(lifetime.total_seconds() * 1000)
