"""The keys of clients: registered with them, or fetched from their ``jwks_uri`` and kept.

A key that is looked for and not there makes us fetch again, at most once a minute a client, so
that a client may rotate its keys and nobody can make us hammer it. One thread asks an address, and
a quarter of a process's threads may ask at all: people who need none of it go on, however
many addresses hang.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from authlib.oauth2 import OAuth2Error
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from idp.current import of_the_app
from idp.outbound import OutboundFailed, OutboundRefused
from idp.services import services
from idp.store.clients import Registration

FRESH = 3600
AGAIN = 60
_KINDS = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "EdDSA": "OKP"}
_CURVES = ("P-256", "P-384", "P-521")
_RSA_BITS = 2048

Sought = Callable[[Key], bool]
"""What makes a key the one looked for."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: tuple[Key, ...]
    at: float


_fetched: dict[str, _Fetched] = {}


class Turns:
    """One caller at a time asks an address, and so many may ask at all."""

    MOMENT = 0.1
    """Seconds to wait for who asks the same address: a thread waits, so not for long."""

    def __init__(self, places: int):
        self._places = threading.BoundedSemaphore(places)
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    @contextmanager
    def of(self, address: str) -> Iterator[bool]:
        """Whether it is ours to ask; if not, whoever asks was waited for."""
        with self._lock:
            asking = self._under_way.get(address)
            ours = asking is None and self._places.acquire(blocking=False)
            if ours:
                self._under_way[address] = threading.Event()
        if not ours:
            if asking is not None:
                asking.wait(self.MOMENT)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                done = self._under_way.pop(address)
            self._places.release()
            done.set()


def candidates(client: Registration, kid: str, alg: str) -> list[Key]:
    """Keys of the right kind; when a key id is named and known, that one only."""

    def named(key: Key) -> bool:
        return key.kid == kid

    keys = _keys(client, named if kid else None)
    fitting = [key for key in keys if key.key_type == _KINDS[alg] and _for_signing(key)]
    return [key for key in fitting if named(key)] if kid else fitting


def to_encrypt(client: Registration, alg: str) -> Key | None:
    """The first of its keys that is there to encrypt to by ``alg``; never one of another use."""

    def fits(key: Key) -> bool:
        return key.get("use") == "enc" and key.get("alg") in (None, alg) and _strong(key, alg)

    return next((key for key in _keys(client, fits) if fits(key)), None)


def _strong(key: Key, alg: str) -> bool:
    if isinstance(key, RSAKey):
        return alg.startswith("RSA") and key.public_key.key_size >= _RSA_BITS
    return isinstance(key, ECKey) and alg.startswith("ECDH") and key.curve_name in _CURVES


def _for_signing(key: Key) -> bool:
    return key.get("use") in (None, "sig")


def _keys(client: Registration, sought: Sought | None) -> tuple[Key, ...]:
    return _parse(client.jwks) if client.jwks else _from_uri(client.jwks_uri, sought)


def _from_uri(uri: str, sought: Sought | None) -> tuple[Key, ...]:
    """Raises OAuth2Error where nobody can tell now: too many addresses hang, or this one does."""
    if not uri:
        return ()
    if known := _known(uri, sought):
        return known.keys
    with _turns().of(uri) as ours:
        if ours and not _known(uri, sought):  # somebody may have asked just before
            before = _fetched.get(uri)
            keys = _fetch(uri) or (before.keys if before else ())
            _fetched[uri] = _Fetched(keys, time.monotonic())
    known = _fetched.get(uri)
    if known is not None and (ours or sought is None or _known(uri, sought) or _has(known, sought)):
        return known.keys
    raise OAuth2Error(error="temporarily_unavailable", status_code=503)


def _turns() -> Turns:
    """For the threads of this process that ask for somebody's keys."""
    kept, threads = of_the_app(), services.settings.serve.threads
    found: Turns = kept.get("client-keys") or kept.setdefault(
        "client-keys", Turns(max(1, threads // 4))
    )
    return found


def _known(uri: str, sought: Sought | None) -> _Fetched | None:
    """What was fetched from there, while nothing calls for asking again."""
    known = _fetched.get(uri)
    return known if known is not None and _will_do(known, sought) else None


def _will_do(known: _Fetched, sought: Sought | None) -> bool:
    missing = sought is not None and not _has(known, sought)
    return time.monotonic() - known.at < (AGAIN if missing else FRESH)


def _has(known: _Fetched, sought: Sought) -> bool:
    return any(sought(key) for key in known.keys)


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
