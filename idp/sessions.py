"""The single sign-on session: who, acting for whom, since when, how, where.

Ending one is an SQL transaction — the notices to relying parties and the cut itself, as
outbox rows — and then the cut; the worker repeats it until it holds.
"""

import secrets
import time
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import flask

from idp import assurance, browsers, cookies, settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.store import accounts, buckets, clients, outbox
from idp.store import sessions as store
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.grants import derived_sid

CUT_AGAIN = timedelta(seconds=5)
_DAY = timedelta(days=1)
_SECONDS = int(_DAY.total_seconds())
_SID, _COOKIE = 22, 24


class AccountStopped(IdpError):
    """An operator stopped the account, or it was closed; the audit says why."""

    code = "HT-0201"
    message = N_("该账号已被停用，暂时无法登录。")
    next_step = N_("如有疑问，请携带有效身份证件到就近政务服务大厅办理，或拨打服务热线。")
    status = 403


@dataclass(frozen=True, slots=True)
class Session:
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
    def auth_time(self) -> int:
        return int(self.proved_at)

    @property
    def acr(self) -> str:
        return self.level.acr

    @property
    def seen(self) -> int:
        return self.stored.seen

    def sid_for(self, client_id: str) -> str:
        return derived_sid(self.id, client_id)


def of(stored: store.Stored, epoch: int | None) -> Session:
    proofs: dict[str, float] = stored.core["proofs"]
    return Session(
        stored=stored,
        epoch=epoch,
        account_id=stored.core["account"],
        proved_at=max(proofs.values()),
        started=stored.core["started"],
        amr=tuple(proofs),
        level=_level(stored.core),
        terminal=stored.core["terminal"],
        browser=stored.core["browser"],
    )


def _level(core: dict[str, Any]) -> assurance.Level:
    """A password that the phone alone has set a while ago adds nothing to the phone."""
    counted = set(core["proofs"]) - ({"pwd"} if core["unsettled"] else set())
    return assurance.Level(core["ial"], assurance.aal_of(counted))


def current() -> Session | None:
    """The session of this browser. One Redis round trip, once a request."""
    if "sso" not in flask.g:
        flask.g.sso = _read(cookies.read("sso"))
    return flask.g.sso


def refresh() -> Session | None:
    """Read again, after somebody else changed it."""
    flask.g.pop("sso", None)
    return current()


def _read(cookie: str) -> Session | None:
    ref, _, secret = cookie.partition(".")
    bucket = buckets.of(ref)
    if bucket is None or len(ref) != _COOKIE or not secret:
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


def start(
    account: accounts.Account,
    amr: tuple[str, ...],
    *,
    client_id: str = "",
    step_up: bool = False,
) -> Session:
    """Sign in: a new session, or a stronger one when the same person proves more to step up.

    A sign-in that was asked for again stands on what is proved now: a proof of hours ago was
    perhaps another's, and would make it look stronger than it is. The cookie's secret is new
    each time. Another person's session in this browser ends.
    """
    if not account.active:
        raise AccountStopped
    before = current()
    if before is not None and before.account_id != account.id:
        end(before, reason="replaced")
        before = None
    now, secret = time.time(), secrets.token_urlsafe(32)
    fresh = dict.fromkeys(amr, now)
    earlier = before.stored.core["proofs"] if before and step_up else {}
    write = _write(account, amr, before, earlier | fresh, secret)
    if before is None or not store.renew(write):
        # What has been ended meanwhile stays ended, its name and its proofs with it.
        write = _write(account, amr, None, fresh, secret)
        store.start(write)
    _remember(account, amr, write, client_id)
    ref = write.bucket + write.sid
    cookies.set_("sso", f"{ref}.{secret}")
    stored, epoch = store.read(write.bucket, write.sid)
    if stored is None:
        raise AccountStopped
    flask.g.sso = of(stored, epoch)
    return flask.g.sso


def _write(
    account: accounts.Account,
    amr: tuple[str, ...],
    before: Session | None,
    proofs: dict[str, float],
    secret: str,
) -> store.Write:
    now = proofs[amr[0]]
    core: dict[str, Any] = {
        "account": account.id,
        "proofs": proofs,
        "ial": 1,
        "unsettled": not account.password_settled,
        "started": before.started if before else int(now),
        "terminal": browsers.terminal(),
        "browser": browsers.current(),
    }
    return store.Write(
        bucket=before.bucket if before else buckets.draw(),
        sid=before.sid if before else secrets.token_urlsafe(16),
        core=core,
        secret=digest(secret),
        seen=int(now),
        lifetime=lifetime(core["started"], int(now)),
        event=audit.packed(
            events.SignedIn(
                account=account.id,
                methods=amr,
                acr=_level(core).acr,
            )
        ),
    )


def _remember(
    account: accounts.Account, amr: tuple[str, ...], write: store.Write, client_id: str
) -> None:
    """Index the session, note the sign-in for the person to see, and look once more.

    The second look closes a race: an account stopped, or a password changed, after we read
    it, whose sessions were ended before this one was there, is seen here.
    """
    password_set_at = account.password_set_at
    ref = write.bucket + write.sid
    store.remember(account.id, ref, max(write.core["proofs"].values()), _remembered_for())
    accounts.note_sign_in(account.id, amr, browsers.current(), browsers.terminal(), client_id)
    db.session.commit()
    if not accounts.is_still(account.id, password_set_at):
        store.cut(ref, keep_offline=False)
        raise AccountStopped


def still_offline(account_id: str, ref: str, auth_time: int, last: int) -> None:
    """Offline access of a session was used, ``last`` before now: once a day, so that whoever
    ends what grew from the account's sessions finds it however long ago the sign-in was.
    """
    if int(time.time()) // _SECONDS != last // _SECONDS:
        store.remember_still(account_id, ref, auth_time, _remembered_for())


def _remembered_for() -> timedelta:
    """Longer than anything lives that grew from a session, a day's refreshes included."""
    return settings.current.tokens.refresh + settings.current.sessions.absolute + _DAY


def touch(session: Session) -> None:
    """Count a visit to our own pages as use, at most once a minute."""
    now = int(time.time())
    if now - session.seen >= 60:  # noqa: PLR2004 - a minute
        store.touch(session.bucket, session.sid, now, lifetime(session.started, now))


def end(session: Session, *, reason: str, keep_offline: bool = True) -> list[dict[str, str]]:
    """End one session; returns its relying parties as ``{client_id, sub, sid}``."""
    told = relying_parties(session)
    _note_end(session.account_id, told, reason)
    promise = {"refs": [session.id], "keep_offline": keep_offline}
    outbox.add("session-cut", promise, due_in=CUT_AGAIN)
    db.session.commit()
    store.cut(session.id, keep_offline=keep_offline)
    browsers.left(session.browser, settings.current.sessions.interaction)
    if flask.has_request_context() and flask.g.get("sso") is session:
        cookies.drop("sso")
        flask.g.sso = None
    return told


@dataclass(frozen=True, slots=True)
class Ending:
    """Which sessions of an account end: all that began by ``before`` but ``keep``."""

    account_id: str
    reason: str
    before: float
    keep: str = ""
    keep_offline: bool = True


def end_all(
    account_id: str, *, reason: str, keep: str = "", keep_offline: bool = True
) -> list[dict[str, str]]:
    """Commit the caller's change together with the promise of the end, then bring it about.

    Every session but ``keep`` ends, and unless ``keep_offline`` all that grew from them. The
    change is there before sessions are looked for, so that a sign-in at this very moment
    either sees it or is seen.
    """
    ending = Ending(account_id, reason, time.time(), keep, keep_offline)
    promise(ending)
    db.session.commit()
    # What is there now ends, whatever the clock says of another node that began it.
    return bring_about(replace(ending, before=float("inf")))


def promise(ending: Ending) -> None:
    """Have the worker bring it about too, whatever becomes of this process."""
    outbox.add("sessions-end", asdict(ending), due_in=CUT_AGAIN)


def bring_about(ending: Ending) -> list[dict[str, str]]:
    """End what still lives of it; harmless to repeat."""
    found = store.refs_of(ending.account_id)
    refs = [ref for ref, at in found.items() if ref != ending.keep and at <= ending.before]
    told: list[dict[str, str]] = []
    for stored in store.read_many(refs):
        parties = relying_parties(of(stored, None))
        _note_end(ending.account_id, parties, ending.reason)
        told.extend(parties)
    db.session.commit()
    cut(refs, keep_offline=ending.keep_offline)
    return told


def cut(refs: list[str], *, keep_offline: bool) -> None:
    """The cut alone: harmless to repeat."""
    for ref in refs:
        store.cut(ref, keep_offline=keep_offline)


def _note_end(account_id: str, told: list[dict[str, str]], reason: str) -> None:
    for party in told:
        registration = clients.look_up(party["client_id"])
        if registration and registration.backchannel_logout_uri:
            outbox.add("backchannel-logout", dict(party))
    audit.record(events.SessionEnded(account=account_id, reason=reason))


def relying_parties(session: Session) -> list[dict[str, str]]:
    """Who was given a code in this session, under which names."""
    found: list[dict[str, Any]] = []
    for client_id in session.stored.grants:
        grant = session.stored.grant(client_id) or {}
        sid = session.sid_for(client_id)
        found.append({"client_id": client_id, "sub": grant.get("sub", ""), "sid": sid})
    return found


def claims_changed(account_id: str) -> None:
    """Commit what changed of a person, and have what sessions keep ready of them read anew."""
    outbox.add("claims-cut", {"account": account_id}, due_in=CUT_AGAIN)
    db.session.commit()
    cut_claims(account_id)


def cut_claims(account_id: str) -> None:
    """The cut alone: harmless to repeat."""
    for ref in store.refs_of(account_id):
        store.cut_claims(ref)


def list_of(account_id: str) -> list[Session]:
    """The live sessions of an account, the latest first."""
    found = [of(stored, None) for stored in store.read_many(list(store.refs_of(account_id)))]
    return sorted(found, key=lambda session: session.seen, reverse=True)
