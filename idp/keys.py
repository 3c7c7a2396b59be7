"""The keys we sign with: published before they sign, and for a while after (Core §10.1.1).

Of the keys of an algorithm the *current* one is the newest whose time has come; a *next*
one waits for its time; a *retired* one stays published until nothing it signed is in use.
All of it follows from times in SQL, so that every process comes to the same answer alone.
Keys of different uses are lanes of their own, published apart: SM2 keys, because libraries that
read the general set stumble over a curve they do not know; what the node says to its federation
and asks as a relying party, because no key serves two protocols. A federation key waits until it
is told to sign: superiors have to vouch for it first.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

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
from idp.store import past_keys, signing_keys
from idp.store.engines import new_id
from idp.store.signing_keys import AlreadyMade, SigningKey
from idp.store.types import now

State = Literal["next", "current", "retired"]
Place = Literal["general", "gm", "federation", "client"]
"""Where the public parts are found: one JWK Set each."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Keys of one use. One of them is current; lanes change theirs apart from each other."""

    alg: str
    kind: Any
    make: Callable[[], Any]
    place: Place
    use: Literal["sig", "enc"] = "sig"
    by_hand: bool = False
    """Whether the next key waits to be told, and what went is remembered."""


def _p256() -> ECKey:
    return ECKey.generate_key("P-256")


FEDERATION, CLIENT, CLIENT_ENCRYPTION = "federation", "client", "client-enc"
LANES: dict[str, Lane] = {
    "ES256": Lane("ES256", ECKey, _p256, "general"),
    "RS256": Lane("RS256", RSAKey, lambda: RSAKey.generate_key(2048), "general"),
    sm2.ALG: Lane(sm2.ALG, Sm2Key, Sm2Key.generate_key, "gm"),
    FEDERATION: Lane("ES256", ECKey, _p256, "federation", by_hand=True),
    CLIENT: Lane("ES256", ECKey, _p256, "client"),
    CLIENT_ENCRYPTION: Lane("ECDH-ES+A256KW", ECKey, _p256, "client", use="enc"),
}
"""A lane of the provider's own is named as its algorithm."""
ALGORITHMS = ("ES256", "RS256")
"""What every node signs with, published for everybody."""
GM = (sm2.ALG,)
"""What a node signs with where ``keys.sm2`` is on, published for who looks for it."""
FEDERATED = (FEDERATION, CLIENT, CLIENT_ENCRYPTION)
"""What a node of a federation needs beside them."""
NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)
"""From when a key signs that waits to be told."""
REFRESH = timedelta(seconds=30)
"""How old a process's view of the keys may be."""
AGAIN = timedelta(seconds=3)
"""How soon to look again when SQL did not answer, or somebody shows an unknown key id."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KeyView:
    """A published key, for ``keys list``."""

    kid: str
    lane: str
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
    jwks: dict[Place, dict[str, Any]]
    jwks_bytes: dict[Place, bytes]


class SigningKeys:
    """Shared by all threads of a process. The first question of all makes the first keys."""

    def __init__(self, settings: Keys, *, federated: bool = False):
        if settings.sm2:
            sm2.require()
        self.algorithms = (*ALGORITHMS, *GM) if settings.sm2 else ALGORITHMS
        self.lanes = (*self.algorithms, *FEDERATED) if federated else self.algorithms
        self._overlap = settings.signing_overlap
        self._retired = settings.signing_retired
        self._lock = threading.Lock()
        self._snapshot: _Snapshot | None = None
        self._objects: dict[str, Any] = {}

    def signer(self, lane: str) -> Any:
        """The private key (joserfc, with ``kid``) that signs now."""
        try:
            return self._fresh().signers[lane]
        except KeyError:
            raise AlgorithmOff(lane) from None

    def private(self, kid: str) -> Any | None:
        """A key that is published, to open what was encrypted to it; None: no such key."""
        self._fresh()
        return self._objects.get(kid)

    def jwks(self, place: Place = "general") -> dict[str, Any]:
        """The public keys: next, current and recently retired (RFC 7517 §5)."""
        return self._fresh().jwks[place]

    def jwks_bytes(self, place: Place = "general") -> bytes:
        """The same, as it is sent."""
        return self._fresh().jwks_bytes[place]

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

    def rotate(self, lanes: Sequence[str] = ()) -> list[str]:
        """Publish a new key for each lane; it signs after the overlap, or once it is told.

        Where one is waiting already its id is answered: asking twice changes nothing.
        """
        self._refresh()  # the very first keys have nothing to overlap with
        usual = [lane for lane in self.lanes if not LANES[lane].by_hand]
        kids = [self._rotated(lane) for lane in lanes or usual]
        self._tidy()
        self._refresh()
        return kids

    def use_next(self, lane: str) -> str | None:
        """Let the key that waits sign from now on; None where none waits."""
        waiting = [view for view in self.views() if view.lane == lane and view.state == "next"]
        if not waiting:
            return None
        with signing_keys.changing() as session:
            signing_keys.begin(session, waiting[0].kid, now())
            audit.record(KeysRotated(alg=lane, kid=waiting[0].kid, reason="used"), session)
        self._refresh()
        return waiting[0].kid

    def replace(self, lane: str) -> str:
        """A key has leaked: a new one signs at once, and all others are gone for good.

        What they signed no longer verifies; other processes follow within ``REFRESH``.
        """
        if lane not in self.lanes:
            raise AlgorithmOff(lane)
        leaked = [key for key in signing_keys.all_keys() if key.alg == lane]
        kid = _make(lane, now(), instead_of=leaked)
        self._refresh()
        return kid

    def _rotated(self, lane: str) -> str:
        try:
            return _make(lane, NOT_YET if LANES[lane].by_hand else now() + self._overlap)
        except AlreadyMade:
            return next(v.kid for v in reversed(self._refresh().views) if v.lane == lane)

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
        missing = [lane for lane in self.lanes if all(key.alg != lane for key in found)]
        for lane in missing:
            _make_first(lane)
        keys = self._ours() if missing else found
        return self._taken({key.kid: self._object(key) for key in keys}, _seen(keys))

    def _ours(self) -> list[SigningKey]:
        """The keys of lanes that are on; the others wait, should theirs be turned on again."""
        return [key for key in signing_keys.all_keys() if key.alg in self.lanes]

    def _kept(self, old: _Snapshot) -> _Snapshot:
        """SQL does not answer: the keys known before, their states by the clock."""
        return self._taken(self._objects, [(v.kid, v.lane, v.signs_from) for v in old.views], AGAIN)

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
        jwks = {place: {"keys": self._published(views, place)} for place in get_args(Place)}
        ours = [*jwks["general"]["keys"], *jwks["gm"]["keys"]]
        return _Snapshot(
            taken=moment,
            until=min([moment + life, *changes]),
            views=views,
            signers={v.lane: self._objects[v.kid] for v in views if v.state == "current"},
            public=KeySet([LANES[key["alg"]].kind.import_key(key) for key in ours]),
            jwks=jwks,
            jwks_bytes={place: orjson.dumps(keys) for place, keys in jwks.items()},
        )

    def _published(self, views: Sequence[KeyView], place: Place) -> list[dict[str, Any]]:
        found = [view for view in views if LANES[view.lane].place == place]
        return [_public(self._objects[view.kid], view) for view in found]

    def _views(
        self, seen: list[tuple[str, str, datetime]], moment: datetime
    ) -> tuple[KeyView, ...]:
        """The keys that are published at ``moment``, each with its state."""
        views = []
        for lane in self.lanes:
            ours = [(kid, signs_from) for kid, its, signs_from in seen if its == lane]
            for n, (kid, signs_from) in enumerate(ours):
                successor = ours[n + 1][1] if n + 1 < len(ours) else None
                until = successor + self._retired if successor else None
                if until is None or until > moment:
                    state = _state(n, signs_from, successor, moment)
                    views.append(KeyView(kid, lane, state, signs_from, until))
        return tuple(views)

    def _object(self, key: SigningKey) -> Any:
        """Key objects are made once: joserfc validates a key anew each time it is imported."""
        found = self._objects.get(key.kid)
        if found is None:
            found = LANES[key.alg].kind.import_key(key.private)
        return found

    def _tidy(self) -> None:
        """Delete what is no longer published, private part and all."""
        published = {view.kid for view in self._refresh().views}
        gone = [key for key in self._ours() if key.kid not in published]
        if gone:
            with signing_keys.changing() as session:
                _forget(session, gone, past_keys.SUPERSEDED)


def _state(n: int, signs_from: datetime, successor: datetime | None, moment: datetime) -> State:
    """The first key ever has nobody to wait for: it signs even if our clock is behind."""
    if n > 0 and signs_from > moment:
        return "next"
    return "retired" if successor and successor <= moment else "current"


def _seen(keys: Sequence[SigningKey]) -> list[tuple[str, str, datetime]]:
    return [(key.kid, key.alg, key.signs_from) for key in keys]


def _public(key: Any, view: KeyView) -> dict[str, Any]:
    lane = LANES[view.lane]
    return {**key.as_dict(private=False), "kid": view.kid, "alg": lane.alg, "use": lane.use}


def _make_first(lane: str) -> None:
    try:
        _make(lane, now(), first=True)
    except AlreadyMade:
        log.info("signing key made by another process", lane=lane)


def _make(
    name: str,
    signs_from: datetime,
    *,
    first: bool = False,
    instead_of: Sequence[SigningKey] = (),
) -> str:
    lane = LANES[name]
    made = lane.make()
    kid = made.thumbprint() if lane.by_hand else new_id()
    private = {**made.as_dict(private=True), "kid": kid, "alg": lane.alg, "use": lane.use}
    with signing_keys.changing() as session:
        generation, newest = signing_keys.latest(session, name)
        if newest and not instead_of and (first or newest > now()):
            raise AlreadyMade
        _forget(session, instead_of, past_keys.COMPROMISED)
        session.add(
            SigningKey(
                kid=kid, alg=name, generation=generation + 1, private=private, signs_from=signs_from
            )
        )
        reason = "replaced" if instead_of else ""
        audit.record(KeysRotated(alg=name, kid=kid, reason=reason), session)
    return kid


def _forget(session: Any, keys: Sequence[SigningKey], reason: str) -> None:
    """Delete keys, private part and all; what federation keys were is remembered (§8.7)."""
    for key in keys:
        if LANES[key.alg].by_hand and key.signs_from <= now():
            public = LANES[key.alg].kind.import_key(key.private).as_dict(private=False)
            past_keys.add(session, public | {"kid": key.kid}, key.signs_from, reason)
    signing_keys.remove(session, [key.kid for key in keys])
