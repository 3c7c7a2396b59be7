"""The keys we sign with: published before they sign, and for a while after (Core §10.1.1).

Of the keys of an algorithm the *current* one is the newest whose time has come; a *next*
one waits for its time; a *retired* one stays published until nothing it signed is in use.
All of it follows from times in SQL, so that every process comes to the same answer alone.
SM2 keys live by the same rules, but are published apart: libraries that read the general
set stumble over a curve they do not know.
"""

import threading
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import structlog
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp.audit import log as audit
from idp.audit.events import KeysRotated
from idp.crypto import sm2
from idp.crypto.errors import AlgorithmOff
from idp.crypto.sm2 import Sm2Key
from idp.errors import EngineUnavailable
from idp.settings import Keys
from idp.store import signing_keys
from idp.store.engines import new_id
from idp.store.signing_keys import AlreadyMade, SigningKey
from idp.store.types import now

State = Literal["next", "current", "retired"]
ALGORITHMS: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "RS256": lambda: RSAKey.generate_key(2048),
}
"""What every node signs with, published for everybody."""
GM: dict[str, Callable[[], Any]] = {sm2.ALG: Sm2Key.generate_key}
"""What a node signs with where ``keys.sm2`` is on, published for who looks for it."""
_KINDS: dict[str, Any] = {"ES256": ECKey, "RS256": RSAKey, sm2.ALG: Sm2Key}
REFRESH = timedelta(seconds=30)
"""How old a process's view of the keys may be."""
AGAIN = timedelta(seconds=3)
"""How soon to look again when SQL did not answer, or somebody shows an unknown key id."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KeyView:
    """A published key, for ``keys list``."""

    kid: str
    alg: str
    state: State
    signs_from: datetime
    published_until: datetime | None


@dataclass(frozen=True)
class _Snapshot:
    """The keys as one process knows them; true from ``taken`` until ``until``."""

    taken: datetime
    until: datetime
    views: tuple[KeyView, ...]
    signers: dict[str, Any]
    public: KeySet
    jwks: dict[str, Any]
    jwks_bytes: bytes
    gm_jwks_bytes: bytes


class SigningKeys:
    """Shared by all threads of a process. The first question of all makes the first keys."""

    def __init__(self, settings: Keys):
        if settings.sm2:
            sm2.require()
        self.algorithms = tuple(ALGORITHMS | GM if settings.sm2 else ALGORITHMS)
        self._overlap = settings.signing_overlap
        self._retired = settings.signing_retired
        self._lock = threading.Lock()
        self._snapshot: _Snapshot | None = None
        self._objects: dict[str, Any] = {}

    def signer(self, alg: str) -> Any:
        """The private key (joserfc, with ``kid``) that signs now."""
        try:
            return self._fresh().signers[alg]
        except KeyError:
            raise AlgorithmOff(alg) from None

    def jwks(self) -> dict[str, Any]:
        """The public keys: next, current and recently retired (RFC 7517 §5)."""
        return self._fresh().jwks

    def jwks_bytes(self) -> bytes:
        """The same, as it is sent."""
        return self._fresh().jwks_bytes

    def gm_jwks_bytes(self) -> bytes:
        """The public SM2 keys, as they are sent; none where they are off."""
        return self._fresh().gm_jwks_bytes

    def public_keyset(self, kid: str | None = None) -> KeySet:
        """For checking what we signed; looks again when ``kid`` is not among the keys."""
        snapshot = self._fresh()
        known = {view.kid for view in snapshot.views}
        if kid is not None and kid not in known and now() - snapshot.taken > AGAIN:
            snapshot = self._refresh()
        return snapshot.public

    def views(self) -> tuple[KeyView, ...]:
        return self._refresh().views

    def prepare(self) -> None:
        """Make the first keys and warm the cache, before the first request."""
        self._fresh()

    def rotate(self, algs: Sequence[str] = ()) -> list[str]:
        """Publish a new key for each algorithm; it signs after the overlap.

        Where one is waiting already its id is answered: asking twice changes nothing.
        """
        self._refresh()  # the very first keys have nothing to overlap with
        kids = [self._rotated(alg) for alg in algs or self.algorithms]
        self._tidy()
        self._refresh()
        return kids

    def replace(self, alg: str) -> str:
        """A key has leaked: a new one signs at once, and all others are gone for good.

        What they signed no longer verifies; other processes follow within ``REFRESH``.
        """
        if alg not in self.algorithms:
            raise AlgorithmOff(alg)
        leaked = [key.kid for key in signing_keys.all_keys() if key.alg == alg]
        kid = _make(alg, now(), instead_of=leaked)
        self._refresh()
        return kid

    def _rotated(self, alg: str) -> str:
        try:
            return _make(alg, now() + self._overlap)
        except AlreadyMade:
            return next(v.kid for v in reversed(self._refresh().views) if v.alg == alg)

    def _fresh(self) -> _Snapshot:
        """The snapshot. One thread renews it; the others go on with what there is."""
        snapshot = self._snapshot
        if snapshot and snapshot.taken <= now() < snapshot.until:
            return snapshot
        if snapshot is None:
            return self._refresh()
        if not self._lock.acquire(blocking=False):
            return snapshot
        try:
            self._snapshot = self._load()
        except EngineUnavailable:
            log.warning("signing keys not refreshed", code=EngineUnavailable.code)
            self._snapshot = self._kept(snapshot)
        finally:
            self._lock.release()
        return self._snapshot

    def _refresh(self) -> _Snapshot:
        with self._lock:
            self._snapshot = self._load()
            return self._snapshot

    def _load(self) -> _Snapshot:
        found = self._ours()
        missing = [alg for alg in self.algorithms if all(key.alg != alg for key in found)]
        for alg in missing:
            _make_first(alg)
        keys = self._ours() if missing else found
        return self._taken({key.kid: self._object(key) for key in keys}, _seen(keys))

    def _ours(self) -> list[SigningKey]:
        """The keys of algorithms that are on; the others wait, should theirs be turned on again."""
        return [key for key in signing_keys.all_keys() if key.alg in self.algorithms]

    def _kept(self, old: _Snapshot) -> _Snapshot:
        """SQL does not answer: the keys known before, their states by the clock."""
        return self._taken(self._objects, [(v.kid, v.alg, v.signs_from) for v in old.views], AGAIN)

    def _taken(
        self,
        objects: dict[str, Any],
        seen: list[tuple[str, str, datetime]],
        life: timedelta = REFRESH,
    ) -> _Snapshot:
        moment = now()
        views = self._views(seen, moment)
        self._objects = {view.kid: objects[view.kid] for view in views}
        changes = [v.signs_from for v in views if v.state == "next"]
        jwks, gm_jwks = (self._published(views, algs) for algs in (ALGORITHMS, GM))
        return _Snapshot(
            taken=moment,
            until=min([moment + life, *changes]),
            views=views,
            signers={v.alg: self._objects[v.kid] for v in views if v.state == "current"},
            public=KeySet([_KINDS[key["alg"]].import_key(key) for key in jwks + gm_jwks]),
            jwks={"keys": jwks},
            jwks_bytes=orjson.dumps({"keys": jwks}),
            gm_jwks_bytes=orjson.dumps({"keys": gm_jwks}),
        )

    def _published(self, views: Sequence[KeyView], algs: Container[str]) -> list[dict[str, Any]]:
        return [_public(self._objects[view.kid], view) for view in views if view.alg in algs]

    def _views(
        self, seen: list[tuple[str, str, datetime]], moment: datetime
    ) -> tuple[KeyView, ...]:
        """The keys that are published at ``moment``, each with its state."""
        views = []
        for alg in self.algorithms:
            ours = [(kid, signs_from) for kid, its, signs_from in seen if its == alg]
            for n, (kid, signs_from) in enumerate(ours):
                successor = ours[n + 1][1] if n + 1 < len(ours) else None
                until = successor + self._retired if successor else None
                if until is None or until > moment:
                    state = _state(n, signs_from, successor, moment)
                    views.append(KeyView(kid, alg, state, signs_from, until))
        return tuple(views)

    def _object(self, key: SigningKey) -> Any:
        """Key objects are made once: joserfc validates a key anew each time it is imported."""
        found = self._objects.get(key.kid)
        if found is None:
            found = _KINDS[key.alg].import_key(key.private)
        return found

    def _tidy(self) -> None:
        """Delete what is no longer published, private part and all."""
        published = {view.kid for view in self._refresh().views}
        gone = [key.kid for key in self._ours() if key.kid not in published]
        if gone:
            with signing_keys.changing() as session:
                signing_keys.remove(session, gone)


def _state(n: int, signs_from: datetime, successor: datetime | None, moment: datetime) -> State:
    """The first key ever has nobody to wait for: it signs even if our clock is behind."""
    if n > 0 and signs_from > moment:
        return "next"
    return "retired" if successor and successor <= moment else "current"


def _seen(keys: Sequence[SigningKey]) -> list[tuple[str, str, datetime]]:
    return [(key.kid, key.alg, key.signs_from) for key in keys]


def _public(key: Any, view: KeyView) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": view.kid, "alg": view.alg, "use": "sig"}


def _make_first(alg: str) -> None:
    try:
        _make(alg, now(), first=True)
    except AlreadyMade:
        log.info("signing key made by another process", alg=alg)


def _make(
    alg: str, signs_from: datetime, *, first: bool = False, instead_of: Sequence[str] = ()
) -> str:
    kid = new_id()
    private = {
        **(ALGORITHMS | GM)[alg]().as_dict(private=True),
        "kid": kid,
        "alg": alg,
        "use": "sig",
    }
    with signing_keys.changing() as session:
        generation, newest = signing_keys.latest(session, alg)
        if newest and not instead_of and (first or newest > now()):
            raise AlreadyMade
        signing_keys.remove(session, instead_of)
        session.add(
            SigningKey(
                kid=kid, alg=alg, generation=generation + 1, private=private, signs_from=signs_from
            )
        )
        reason = "replaced" if instead_of else ""
        audit.record(KeysRotated(alg=alg, kid=kid, reason=reason), session)
    return kid
