"""Ending sessions, and what grew from them, whatever becomes of the process that does it.

An end is an SQL transaction — the notices to relying parties and the cut itself, as outbox
rows — and then the cut; the worker repeats it until it holds.
"""

import time
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import flask

from idp import browsers, cookies, settings
from idp.audit import events
from idp.audit import log as audit
from idp.sessions.session import Session, left_behind, of, relying_parties
from idp.store import clients, outbox
from idp.store import sessions as store
from idp.store.engines import db
from idp.store.outbox import OutboxMessage

CUT_AGAIN = timedelta(seconds=5)


def end(session: Session, *, reason: str, keep_offline: bool = True) -> list[dict[str, str]]:
    """End one session; returns its relying parties as ``{client_id, sub, sid}``."""
    told = relying_parties(session)
    _note_end(session, told, reason)
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
    under: str = ""
    """A mandate: of the account's sessions only those that act under it."""


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


def promise(ending: Ending, due_in: timedelta = CUT_AGAIN) -> OutboxMessage:
    """Have the worker bring it about too, whatever becomes of this process; or it alone, later."""
    return outbox.add("sessions-end", asdict(ending), due_in=due_in)


def spare(promised: OutboxMessage, keep: str) -> None:
    """Bring a promised end about now, for every session but ``keep``, which began since."""
    promised.payload = promised.payload | {"keep": keep}
    db.session.commit()
    bring_about(replace(Ending(**promised.payload), before=float("inf")))


def bring_about(ending: Ending) -> list[dict[str, str]]:
    """End what still lives of it; harmless to repeat."""
    found = store.refs_of(ending.under or ending.account_id)
    refs = [ref for ref, at in found.items() if ref != ending.keep and at <= ending.before]
    told: list[dict[str, str]] = []
    living = [of(stored, None) for stored in store.read_many(refs)]
    for session in living:
        parties = relying_parties(session)
        _note_end(session, parties, ending.reason)
        told.extend(parties)
    left = left_behind([ref for ref in refs if ref not in {each.id for each in living}])
    _tell(left, ending.reason)
    told.extend(left)
    db.session.commit()
    cut(refs, keep_offline=ending.keep_offline)
    return told


def cut(refs: list[str], *, keep_offline: bool) -> None:
    """The cut alone: harmless to repeat."""
    for ref in refs:
        store.cut(ref, keep_offline=keep_offline)


def _note_end(session: Session, told: list[dict[str, str]], reason: str) -> None:
    _tell(told, reason)
    ended = events.SessionEnded(
        account=session.account_id, acting_for=session.acting_for, reason=reason
    )
    audit.record(ended)


def _tell(parties: list[dict[str, str]], reason: str) -> None:
    """By back-channel logout, and by an event to those who have a stream for it (CAEP §3.1)."""
    for party in parties:
        registration = clients.look_up(party["client_id"])
        if registration and registration.backchannel_logout_uri:
            outbox.add("backchannel-logout", dict(party))
        if registration and clients.LISTEN & registration.scopes:
            ended = {"action": events.SessionEnded.action, "at": time.time(), "reason": reason}
            outbox.add(audit.PASS_ON, party | ended)


def claims_changed(*holders: str) -> None:
    """Commit what changed of a person or an organisation, and have what sessions keep ready of
    them read anew: those of the accounts and mandates named.
    """
    for holder in holders:
        outbox.add("claims-cut", {"account": holder}, due_in=CUT_AGAIN)
    db.session.commit()
    for holder in holders:
        cut_claims(holder)


def cut_claims(holder: str) -> None:
    """The cut alone: harmless to repeat."""
    for ref in store.refs_of(holder):
        store.cut_claims(ref)
