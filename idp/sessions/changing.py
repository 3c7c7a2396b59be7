"""A session as it goes on: worth more, or speaking for somebody else."""

import secrets
import time
from typing import Any

import flask

from idp import cookies
from idp.audit import events
from idp.audit import log as audit
from idp.sessions.ending import end
from idp.sessions.session import Acting, Session, level_of, lifetime, of
from idp.sessions.starting import as_written, remembered_for
from idp.store import accounts, buckets
from idp.store import sessions as store
from idp.store.ephemeral import digest


class SessionGone(Exception):
    """The session ended in another tab, or by somebody else."""


def act(session: Session, account: accounts.Account, acting: Acting | None) -> Session:
    """Go over to acting for an organisation, or back to oneself, without signing in again.

    It is a new session, with the proofs of the one before, which ends: whatever grew from that
    one spoke for somebody else, and its relying parties are told. Raises SessionGone where that
    one was ended meanwhile: who ends every session finds the new one, or is seen here.
    """
    secret, now = secrets.token_urlsafe(32), int(time.time())
    core = {**session.stored.core, "acting": list(acting) if acting else None}
    event = events.ActedFor(
        account=account.id,
        acting_for=acting.organisation if acting else "",
        organisation=acting.organisation if acting else "",
        mandate=acting.mandate if acting else "",
    )
    write = store.Write(
        bucket=buckets.draw(),
        sid=secrets.token_urlsafe(16),
        core=core,
        secret=digest(secret),
        seen=now,
        lifetime=lifetime(session.started, now),
        event=audit.packed(event),
    )
    store.start(write)
    ref = write.bucket + write.sid
    for holder in (account.id, *([acting.mandate] if acting else [])):
        store.remember(holder, ref, session.proved_at, remembered_for())
    if not store.read_many([session.id]):
        store.cut(ref, keep_offline=False)
        raise SessionGone
    end(session, reason="acting_changed", keep_offline=False)
    cookies.set_("sso", f"{ref}.{secret}")
    flask.g.sso = of(as_written(write, None), None)
    return flask.g.sso


def stay_oneself(session: Session, account: accounts.Account) -> Session:
    """The same session, whose person was asked whom they act for: themselves, as before.

    Raises SessionGone.
    """
    core = {**session.stored.core, "acting": None}
    return _renewed(session, core, events.ActedFor(account=account.id))


def regrade(session: Session, account: accounts.Account) -> Session:
    """The same session, standing on what the account's identity is worth now. Raises SessionGone
    where it ended meanwhile.
    """
    settled = {"ial": account.standing_ial, "unsettled": not account.password_settled}
    core = session.stored.core | settled
    event = events.LevelRaised(account=account.id, session=session.sid, acr=level_of(core).acr)
    return _renewed(session, core, event)


def _renewed(session: Session, core: dict[str, Any], event: events.Event) -> Session:
    """The cookie's secret is new, as with every change of what a session may do."""
    secret, now = secrets.token_urlsafe(32), int(time.time())
    write = store.Write(
        bucket=session.bucket,
        sid=session.stored.sid,
        core=core,
        secret=digest(secret),
        seen=now,
        lifetime=lifetime(session.started, now),
        event=audit.packed(event),
    )
    if not store.renew(write):
        raise SessionGone
    cookies.set_("sso", f"{session.id}.{secret}")
    flask.g.sso = of(as_written(write, session), None)
    return flask.g.sso
