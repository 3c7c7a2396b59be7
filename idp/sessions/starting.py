"""Signing in: a new session, or a stronger one for who proves more."""

import secrets
import time
from datetime import timedelta
from typing import Any, NamedTuple

import flask

from idp import browsers, cookies, places, settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.sessions.ending import end
from idp.sessions.session import Home, Session, acting_of, current, level_of, lifetime, of
from idp.store import accounts, buckets, sign_ins
from idp.store import sessions as store
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.sign_ins import SignedIn

_ELSEWHERE, _NOTHING = {"fed"}, 1
_DAY = timedelta(days=1)
_SECONDS = int(_DAY.total_seconds())


class AccountStopped(IdpError):
    """An operator stopped the account, or it was closed; the audit says why."""

    code = "HT-0201"
    message = N_("该账号已被停用，暂时无法登录。")
    next_step = N_("如有疑问，请携带有效身份证件到就近政务服务大厅办理，或拨打服务热线。")
    status = 403


class ProofVoid(Exception):
    """The number or the password became another while somebody signed in with it."""


def start(
    account: accounts.Account,
    amr: tuple[str, ...],
    *,
    client_id: str = "",
    step_up: bool = False,
    home: Home | None = None,
) -> Session:
    """Sign in: a new session, or a stronger one when the same person proves more to step up.

    A sign-in that was asked for again stands on what is proved now: a proof of hours ago was
    perhaps another's, and would make it look stronger than it is. ``home``: the node that stands
    for the person, with the time they signed in there. The cookie's secret is new
    each time. Another person's session in this browser ends. Raises AccountStopped or ProofVoid.
    """
    if not account.active:
        raise AccountStopped
    before = current()
    if before is not None and before.account_id != account.id:
        end(before, reason="replaced")
        before = None
    now, secret = time.time(), secrets.token_urlsafe(32)
    fresh, stands = dict.fromkeys(amr, min(now, home.auth_time) if home else now), home
    earlier = before.stored.core["proofs"] if before and step_up else {}
    if before is not None and step_up:  # nobody else comes to stand for who was seen here
        home = (home or before.home) if before.home else None
    write = _write(account, amr, _Onto(before, earlier | fresh, home), secret)
    if before is None or not store.renew(write):
        # What has been ended meanwhile stays ended, its name and its proofs with it.
        write = _write(account, amr, _Onto(None, fresh, stands), secret)
        store.start(write)
    _remember(account, amr, write, client_id)
    ref = write.bucket + write.sid
    cookies.set_("sso", f"{ref}.{secret}")
    flask.g.sso = of(as_written(write, before), None)
    return flask.g.sso


def as_written(write: store.Write, before: Session | None) -> store.Stored:
    """What the rest of this request may know of the session; grants are issued in later ones."""
    return store.Stored(
        bucket=write.bucket,
        sid=write.sid,
        core=write.core,
        secret=write.secret,
        version="",
        seen=write.seen,
        grants=before.stored.grants if before and before.sid == write.sid else {},
    )


class _Onto(NamedTuple):
    """What a session is written from: the one there was, what was proved, and who stands for it."""

    before: Session | None
    proofs: dict[str, float]
    home: Home | None


def _write(
    account: accounts.Account, amr: tuple[str, ...], onto: _Onto, secret: str
) -> store.Write:
    before, proofs, home = onto
    now = time.time() if home else proofs[amr[0]]
    core: dict[str, Any] = {
        "account": account.id,
        "proofs": proofs,
        "ial": account.standing_ial,
        "unsettled": not account.password_settled,
        "started": before.started if before else int(now),
        "terminal": browsers.terminal(),
        "browser": browsers.current(),
        "region": places.here(),
    }
    if home is not None:
        core["home"] = list(home)
        if not proofs.keys() - _ELSEWHERE:  # evidence of ours is for who proves something to us
            core["ial"] = _NOTHING
    if before and "acting" in before.stored.core:  # a session speaks for whom it spoke for
        core["acting"] = before.stored.core["acting"]
    acting = before.acting if before else None
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
                acting_for=acting.organisation if acting else "",
                methods=amr,
                acr=level_of(core).acr,
            )
        ),
    )


def _remember(
    account: accounts.Account, amr: tuple[str, ...], write: store.Write, client_id: str
) -> None:
    """Index the session, note the sign-in for the person to see, and look once more.

    The look closes a race: an account stopped, or a number or password changed, after we read
    it, whose sessions were ended before this one was there, is seen here. What is committed
    later finds the session.
    """
    ref = write.bucket + write.sid
    store.remember(account.id, ref, max(write.core["proofs"].values()), remembered_for())
    browser, terminal, region = (write.core[name] for name in ("browser", "terminal", "region"))
    sign_ins.note(SignedIn(account.id, amr, browser, terminal, client_id, region))
    standing = sign_ins.standing(account)
    if standing.active and standing.unchanged:
        db.session.commit()
        return
    db.session.rollback()
    store.cut(ref, keep_offline=False)
    raise ProofVoid if standing.active else AccountStopped


def still_offline(core: dict[str, Any], ref: str, last: int) -> None:
    """Offline access of a session was used, ``last`` before now: once a day, so that whoever
    ends what grew from the account's sessions, or from a mandate, finds it however long ago the
    sign-in was. ``core`` is the family's.
    """
    if int(time.time()) // _SECONDS == last // _SECONDS:
        return
    acting = acting_of(core)
    for holder in (core["account"], *([acting.mandate] if acting else [])):
        store.remember_still(holder, ref, core["auth_time"], remembered_for())


def remembered_for() -> timedelta:
    """Longer than anything lives that grew from a session, a day's refreshes included."""
    return settings.current.tokens.refresh + settings.current.sessions.absolute + _DAY
