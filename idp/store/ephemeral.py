"""Values that live for minutes and may be used once: codes, challenges, interactions.

Keys are hashes of the secrets, so that reading Redis opens nothing; each ``kind`` is a
namespace of its own, so that one kind of secret never passes for another.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from idp.crypto import base64url
from idp.crypto.errors import UnknownKey
from idp.store.asking import ask
from idp.store.engines import redis
from idp.store.types import sealer

SPENT_FOR = timedelta(minutes=10)
_SPENT = b'{"spent":true}'


class AlreadySpent(Exception):
    """The secret was good once; somebody has used it."""


def put(kind: str, secret: str, value: Any, lifetime: timedelta) -> None:
    """``value`` is a dict, or a dataclass, which is read again as one."""
    ask(("SET", key(kind, secret), orjson.dumps(value), "PX", _ms(lifetime)))


def change(kind: str, secret: str, value: Any) -> bool:
    """Replace a value that is still there, its end unchanged. False: it has gone."""
    return bool(ask(("SET", key(kind, secret), orjson.dumps(value), "XX", "KEEPTTL"))[0])


def peek(kind: str, secret: str) -> dict[str, Any] | None:
    return _value(ask(("GET", key(kind, secret)))[0])


def take(kind: str, secret: str) -> dict[str, Any] | None:
    """Fetch and forget in one step, so that two takers can never both win."""
    return _value(ask(("GETDEL", key(kind, secret)))[0])


def put_sealed(kind: str, secret: str, value: Any, lifetime: timedelta) -> None:
    """``put`` for what may say something of a person: sealed, and bound to the secret."""
    put(kind, secret, _sealed(kind, secret, value), lifetime)


def change_sealed(kind: str, secret: str, value: Any) -> bool:
    return change(kind, secret, _sealed(kind, secret, value))


def peek_sealed(kind: str, secret: str) -> dict[str, Any] | None:
    """None also where its master key has been dropped since: what lives for minutes is over."""
    return _opened(kind, secret, peek(kind, secret))


def take_sealed(kind: str, secret: str) -> dict[str, Any] | None:
    """``take`` for what was put sealed."""
    return _opened(kind, secret, take(kind, secret))


def _opened(kind: str, secret: str, found: Any) -> dict[str, Any] | None:
    if not isinstance(found, str):
        return None
    try:
        opened: dict[str, Any] = orjson.loads(sealer().open(kind, found, secret))
    except UnknownKey:
        return None
    return opened


def spend(kind: str, secret: str) -> dict[str, Any] | None:
    """Fetch once; for ten minutes later callers learn that it was spent.

    Raises AlreadySpent, so that whoever sees a secret used twice can act on it.
    """
    found = redis.set(key(kind, secret), _SPENT, xx=True, get=True, px=_ms(SPENT_FOR))
    if found == _SPENT:
        raise AlreadySpent
    return _value(found)


def first_time(kind: str, secret: str, lifetime: timedelta) -> bool:
    """Whether nobody has shown this before within ``lifetime`` (``jti``, TOTP steps)."""
    return bool(ask(("SET", key(kind, secret), b"1", "NX", "PX", _ms(lifetime)))[0])


def use_up(kind: str, secret: str, lifetime: timedelta) -> bool:
    """Forget a value, whether or not it is still there; False where somebody has done so before,
    within ``lifetime``.
    """
    used = ("SET", key(f"{kind}-used", secret), b"1", "NX", "PX", _ms(lifetime))
    return bool(ask(used, ("DEL", key(kind, secret)))[0])


def forget(kind: str, secret: str) -> None:
    ask(("DEL", key(kind, secret)))


def key(kind: str, secret: str) -> str:
    return f"e:{kind}:{digest(secret)}"


def digest(secret: str) -> str:
    """SHA-256 of a secret of full entropy, as 43 letters."""
    return base64url.encode(sha256(secret.encode()).digest())


def _sealed(kind: str, secret: str, value: Any) -> str:
    return sealer().seal(kind, orjson.dumps(value).decode(), secret)


def _ms(lifetime: timedelta) -> int:
    return max(1, int(lifetime.total_seconds() * 1000))


def _value(found: Any) -> dict[str, Any] | None:
    if found is None or found == _SPENT:
        return None
    return orjson.loads(found)
