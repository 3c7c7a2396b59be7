"""A session as it stands: who, acting for whom, since when, how, where; and reading it."""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from idp import assurance, cookies, settings
from idp.current import here
from idp.store import buckets
from idp.store import sessions as store
from idp.store.ephemeral import digest

_REF = 24
_LENT = "scan"
"""Stands beside what the phone that scanned has lent."""


class Acting(NamedTuple):
    """The organisation a person acts for, and the mandate they do it under, by their ids."""

    organisation: str
    mandate: str
    client_ids: Sequence[str] = ()
    """The relying parties it holds for; empty: all."""
    until: float | None = None
    """When the mandate ends by itself, in seconds."""

    def holds_for(self, client_id: str, moment: float) -> bool:
        in_time = self.until is None or moment < self.until
        return in_time and (not self.client_ids or client_id in self.client_ids)


class Home(NamedTuple):
    """Another node that stands for the person, and how far it is believed."""

    issuer: str
    subject: str
    """The name it gave us for them."""
    authority: str
    """The node that has seen them: the issuer, or one it asked in its turn."""
    ial: int
    aal: int
    most: str
    """The level everybody on the way could be believed at most."""
    amr: Sequence[str]
    auth_time: int
    sid: str
    heard: float
    """When it said so, by our clock, in seconds."""


class Session(NamedTuple):
    stored: store.Stored
    epoch: int | None
    """The clients' epoch, read in the same round trip."""
    account_id: str
    proved_at: float
    """When the person last proved who they are; ``auth_time`` in whole seconds."""
    started: int
    amr: tuple[str, ...]
    level: assurance.Level
    terminal: str
    browser: str
    region: str | None = None
    """Where the sign-in came from (``places.here``)."""
    acting: Acting | None = None
    home: Home | None = None
    """Who stands for the person where this node has not seen them itself."""
    chosen: bool = False
    """Whether the person was asked in this session for whom they act, or has said so."""

    @property
    def id(self) -> str:
        """Our own name of it; relying parties know another (``sid_for``)."""
        return self.stored.ref

    @property
    def bucket(self) -> str:
        return self.stored.bucket

    @property
    def sid(self) -> str:
        return self.stored.sid

    @property
    def acting_for(self) -> str:
        """The organisation somebody acts for, for the trail; "" for themselves."""
        return self.acting.organisation if self.acting else ""

    @property
    def shown(self) -> dict[str, float]:
        """What was proved before this very browser, and when: not what a phone lent it."""
        proofs: dict[str, float] = self.stored.core["proofs"]
        return {method: at for method, at in proofs.items() if at > proofs.get(_LENT, 0.0)}

    @property
    def shown_at(self) -> float:
        """When the last of it was, in seconds; 0.0 for never."""
        return max(self.shown.values(), default=0.0)

    @property
    def methods(self) -> tuple[str, ...]:
        """What is told of how they signed in (RFC 8176): their home's word beside our own."""
        return tuple(dict.fromkeys((*self.home.amr, *self.amr))) if self.home else self.amr

    def under(self, home: assurance.Level) -> "Session":
        """The same where the node that stands for the person is believed so far and no further."""
        core = {**self.stored.core, "home": None}
        return self._replace(level=_either(level_of(core), home))

    @property
    def auth_time(self) -> int:
        return int(self.proved_at)

    @property
    def acr(self) -> str:
        return self.level.acr

    @property
    def seen(self) -> int:
        return self.stored.seen

    def sid_for(self, client_id: str) -> str:
        return store.derived_sid(self.id, client_id)


def of(stored: store.Stored, epoch: int | None) -> Session:
    proofs: dict[str, float] = stored.core["proofs"]
    return Session(
        stored=stored,
        epoch=epoch,
        account_id=stored.core["account"],
        proved_at=max(proofs.values()),
        started=stored.core["started"],
        amr=tuple(proofs),
        level=level_of(stored.core),
        terminal=stored.core["terminal"],
        browser=stored.core["browser"],
        region=stored.core.get("region"),
        acting=acting_of(stored.core),
        home=home_of(stored.core),
        chosen="acting" in stored.core,
    )


def acting_of(core: dict[str, Any]) -> Acting | None:
    """For whom somebody acts, by the core of a session, a code or a family."""
    return Acting(*acting) if (acting := core.get("acting")) else None


def home_of(core: dict[str, Any]) -> Home | None:
    """Who stands for the person, by the core of a session."""
    return Home(*home) if (home := core.get("home")) else None


def is_over(core: dict[str, Any]) -> bool:
    """Whether the mandate somebody acts under has ended by itself: what was issued under it speaks
    for nobody from then on, not for the person either.
    """
    acting = acting_of(core)
    return acting is not None and acting.until is not None and acting.until <= time.time()


def level_of(core: dict[str, Any]) -> assurance.Level:
    """A password that the phone alone has set a while ago adds nothing to the phone."""
    counted = set(core["proofs"]) - ({"pwd"} if core["unsettled"] else set())
    own, home = assurance.Level(core["ial"], assurance.aal_of(counted)), home_of(core)
    return _either(own, assurance.Level(home.ial, home.aal)) if home else own


def _either(own: assurance.Level, home: assurance.Level) -> assurance.Level:
    """What was seen here, and what home stands for: each counts for itself."""
    return assurance.Level(max(own.ial, home.ial), max(own.aal, home.aal))


def current() -> Session | None:
    """The session of this browser. One Redis round trip, once a request."""
    kept = here()
    if "sso" not in kept:
        kept.sso = _read(cookies.read("sso"))
    found: Session | None = kept.sso
    return found


def refresh() -> Session | None:
    """Read again, after somebody else changed it."""
    here().pop("sso", None)
    return current()


def _read(cookie: str) -> Session | None:
    ref, _, secret = cookie.partition(".")
    bucket = buckets.of(ref)
    if bucket is None or len(ref) != _REF or not secret:
        return None
    stored, epoch = store.read(bucket, ref[2:])
    if stored is None or not secrets.compare_digest(stored.secret, digest(secret)):
        return None
    if time.time() > stored.core["started"] + settings.current.sessions.absolute.total_seconds():
        return None
    return of(stored, epoch)


def lifetime(started: int, now: int) -> timedelta:
    """How long a session used now may stay unused: idle limit, never past the absolute one."""
    limits = settings.current.sessions
    left = timedelta(seconds=started - now) + limits.absolute
    return max(min(limits.idle, left), timedelta(seconds=1))


def touch(session: Session) -> None:
    """Count a visit to our own pages as use, at most once a minute."""
    now = int(time.time())
    if now - session.seen >= 60:  # noqa: PLR2004 - a minute
        store.touch(session.bucket, session.sid, now, lifetime(session.started, now))


def relying_parties(session: Session) -> list[dict[str, str]]:
    """Who was given a code in this session, under which names."""
    found: list[dict[str, Any]] = []
    for client_id in session.stored.grants:
        grant = session.stored.grant(client_id) or {}
        sid = session.sid_for(client_id)
        found.append({"client_id": client_id, "sub": grant.get("sub", ""), "sid": sid})
    return found


def left_behind(refs: Sequence[str]) -> list[dict[str, str]]:
    """The same of sessions that may have run out: a client may go on with one of its own."""
    return [
        {"client_id": client_id, "sub": sub, "sid": store.derived_sid(ref, client_id)}
        for ref, told in store.parties(list(refs)).items()
        for client_id, sub in told.items()
    ]


def list_of(account_id: str) -> list[Session]:
    """The live sessions of an account, the latest first."""
    found = [of(stored, None) for stored in store.read_many(list(store.refs_of(account_id)))]
    return sorted(found, key=lambda session: session.seen, reverse=True)
