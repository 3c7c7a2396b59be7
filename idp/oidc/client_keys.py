"""The keys of clients: registered with them, or fetched from their ``jwks_uri`` and kept.

A key id we do not know makes us fetch again, at most once a minute a client, so that a
client may rotate its keys and nobody can make us hammer it. One thread asks an address, and
a quarter of a process's threads may ask at all: people who need none of it go on, however
many addresses hang.
"""

import threading
import time
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from authlib.oauth2 import OAuth2Error
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from idp.current import of_the_app
from idp.outbound import OutboundFailed, OutboundRefused
from idp.services import services
from idp.store.clients import Registration

FRESH = 3600
AGAIN = 60
_KINDS = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "EdDSA": "OKP"}


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: tuple[Key, ...]
    at: float


_fetched: dict[str, _Fetched] = {}
_under_way: dict[str, threading.Event] = {}
"""Addresses somebody is asking now; set when the answer is there."""
_lock = threading.Lock()
_MOMENT = 0.1
"""Seconds to wait for who asks the same address: a thread waits, so not for long."""


def candidates(client: Registration, kid: str, alg: str) -> list[Key]:
    """Keys of the right kind; when a key id is named and known, that one only."""
    keys = _parse(client.jwks) if client.jwks else _from_uri(client.jwks_uri, kid)
    fitting = [key for key in keys if key.key_type == _KINDS[alg] and _for_signing(key)]
    named = [key for key in fitting if kid and key.kid == kid]
    return named or ([] if kid else fitting)


def _for_signing(key: Key) -> bool:
    return key.get("use") in (None, "sig")


def _from_uri(uri: str, kid: str) -> tuple[Key, ...]:
    """Raises OAuth2Error where nobody can tell now: too many addresses hang, or this one does."""
    if not uri:
        return ()
    known = _fetched.get(uri)
    if known is not None and _will_do(known, kid):
        return known.keys
    with _lock:
        under_way = _under_way.get(uri)
        ours = under_way is None and _places().acquire(blocking=False)
        if ours:
            under_way = _under_way[uri] = threading.Event()
    if ours and under_way is not None:
        return _asked(uri, kid, under_way)
    if under_way is not None:
        under_way.wait(_MOMENT)
    known = _fetched.get(uri)
    if known is not None and (not kid or _will_do(known, kid) or _has(known, kid)):
        return known.keys
    raise OAuth2Error(error="temporarily_unavailable", status_code=503)


def _asked(uri: str, kid: str, under_way: threading.Event) -> tuple[Key, ...]:
    try:
        known = _fetched.get(uri)  # somebody may have asked just before
        if known is None or not _will_do(known, kid):
            keys = _fetch(uri) or (known.keys if known else ())
            known = _fetched[uri] = _Fetched(keys, time.monotonic())
        return known.keys
    finally:
        with _lock:
            del _under_way[uri]
        _places().release()
        under_way.set()


def _places() -> threading.BoundedSemaphore:
    """For the threads of this process that ask for somebody's keys."""
    kept, threads = of_the_app(), services.settings.serve.threads
    found: threading.BoundedSemaphore = kept.get("client-keys") or kept.setdefault(
        "client-keys", threading.BoundedSemaphore(max(1, threads // 4))
    )
    return found


def _will_do(known: _Fetched, kid: str) -> bool:
    missing = bool(kid) and not _has(known, kid)
    return time.monotonic() - known.at < (AGAIN if missing else FRESH)


def _has(known: _Fetched, kid: str) -> bool:
    return kid in {key.kid for key in known.keys}


def _fetch(uri: str) -> tuple[Key, ...]:
    try:
        answer = services.outbound.foreign_get(uri)
    except (OutboundFailed, OutboundRefused):
        return ()
    if answer.status != HTTPStatus.OK:
        return ()
    try:
        return _parse(orjson.loads(answer.body))
    except ValueError:
        return ()


def _parse(jwks: object) -> tuple[Key, ...]:
    """Keys we can read; one that is broken or foreign to us does not spoil the others."""
    found: list[Key] = []
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    for jwk in listed if isinstance(listed, list) else []:
        try:
            found.extend(KeySet.import_key_set({"keys": [jwk]}).keys)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return tuple(found)
