"""Clearing away what is over: tables must not grow without end, nor keep people's traces.

Every question here follows an index to what is old: reading a table of a hundred million rows
would end at the time limit of statements, and nothing would ever go.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import aliased

from idp.settings import Retention
from idp.store import merges
from idp.store.accounts import AgreementAcceptance, KnownBrowser, SignIn
from idp.store.cases import Case
from idp.store.closings import Closing
from idp.store.connections import Connection
from idp.store.engines import db
from idp.store.guardianships import Guardianship
from idp.store.identities import Evidence, Identity
from idp.store.notices import Notice
from idp.store.organisations import DECLINED, OFFERED, Mandate
from idp.store.outbox import DONE, GIVEN_UP, OutboxMessage, OutboxTry
from idp.store.reads import DataRead
from idp.store.recoveries import Recovery
from idp.store.statements import FetchedStatement
from idp.store.streams import StreamEvent
from idp.store.transfers import Transfer
from idp.store.types import now

_NEWS = timedelta(days=8)
"""A receiver takes no event that is older than a week."""
BATCH = 1000
"""Rows of one transaction: a large table is never locked for long."""


def tidy(keep: Retention) -> int:
    """Delete one batch of each kind; returns how many rows went, so that the caller goes on."""
    return (
        _browsers(keep.browsers)
        + _sign_ins(keep.sign_ins)
        + _deliveries(keep.deliveries)
        + _transfers(keep.transfers)
        + _cases(keep.cases)
        + _evidence(keep.evidence)
        + _identities(keep.identities)
        + _guardianships(keep.identities)
        + _mandates(keep.mandates)
        + _recoveries(keep.cases)
        + _notices(keep.notices)
        + _merges()
        + _reads(keep.reads)
        + _closed(keep.closed)
        + _statements()
        + _stream_events()
    )


def _stream_events() -> int:
    """Taken or not: nobody takes them any more."""
    return _delete(StreamEvent, select(StreamEvent.id).where(StreamEvent.at < now() - _NEWS))


def _statements() -> int:
    old = select(FetchedStatement.id).where(FetchedStatement.expires_at < now())
    return _delete(FetchedStatement, old.order_by(FetchedStatement.expires_at))


def _sign_ins(age: timedelta) -> int:
    moment = now() - age
    old = select(SignIn.id).where(SignIn.id < _first_id(moment), SignIn.at < moment)
    return _delete(SignIn, old.order_by(SignIn.id))


def _browsers(age: timedelta) -> int:
    """By account and browser: neither names a row alone."""
    old = select(KnownBrowser.account_id, KnownBrowser.browser)
    old = old.where(KnownBrowser.last_at < now() - age).order_by(KnownBrowser.last_at)
    keys = db.session.execute(old.limit(BATCH)).all()
    for account_id, browser in keys:
        known = delete(KnownBrowser).filter_by(account_id=account_id, browser=browser)
        db.session.execute(known.where(KnownBrowser.last_at < now() - age))
    db.session.commit()
    return len(keys)


def _transfers(age: timedelta) -> int:
    old = select(Transfer.id).where(Transfer.id < _first_id(now() - age)).limit(BATCH)
    ids = list(db.session.scalars(old))
    db.session.execute(delete(Transfer).where(Transfer.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _deliveries(age: timedelta) -> int:
    """A message that is settled was due last when it was settled."""
    settled = OutboxMessage.state.in_((DONE, GIVEN_UP))
    over = settled & (OutboxMessage.due_at < now() - age)
    ids = list(db.session.scalars(select(OutboxMessage.id).where(over).limit(BATCH)))
    db.session.execute(delete(OutboxTry).where(OutboxTry.message_id.in_(ids)))
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _cases(age: timedelta) -> int:
    """Decided or not: their ids tell when they were opened, before which none can have run out."""
    moment = now() - age
    old = select(Case.id).where(Case.id < _first_id(moment), Case.valid_until < moment)
    return _delete(Case, old.order_by(Case.id))


def _recoveries(age: timedelta) -> int:
    return _delete(Recovery, select(Recovery.id).where(Recovery.until < now() - age))


def _notices(age: timedelta) -> int:
    moment = now() - age
    old = select(Notice.id).where(Notice.id < _first_id(moment), Notice.at < moment)
    return _delete(Notice, old.order_by(Notice.id))


def _evidence(age: timedelta) -> int:
    """Of identities that go on: others are deleted with theirs."""
    moment = now() - age
    over = select(Evidence.id).where(Evidence.lasts_until < moment)
    void = select(Evidence.id).where(Evidence.void_since < moment)
    return _delete(Evidence, over) + _delete(Evidence, void)


def _identities(age: timedelta) -> int:
    """Those that ended, with their evidence."""
    old = select(Identity.id).where(Identity.ended_at < now() - age).limit(BATCH)
    ids = list(db.session.scalars(old))
    db.session.execute(delete(Evidence).where(Evidence.identity_id.in_(ids)))
    db.session.execute(delete(Identity).where(Identity.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _guardianships(age: timedelta) -> int:
    old = select(Guardianship.id).where(Guardianship.ended_at < now() - age)
    return _delete(Guardianship, old)


def _mandates(age: timedelta) -> int:
    """Those under which nothing was granted, or nothing that is still there."""
    moment, below = now() - age, aliased(Mandate)
    leaf = ~exists().where(below.granted_by == Mandate.id)
    over = (
        Mandate.revoked_at < moment,
        Mandate.ends_at < moment,
        (Mandate.state == DECLINED) & (Mandate.settled_at < moment),
        (Mandate.state == OFFERED) & (Mandate.offered_at < moment),
    )
    return sum(_delete(Mandate, select(Mandate.id).where(each, leaf)) for each in over)


def _merges() -> int:
    forgotten = merges.forget(BATCH)
    db.session.commit()
    return forgotten


def _reads(age: timedelta) -> int:
    return _delete(DataRead, select(DataRead.id).where(DataRead.at < now() - age))


def _closed(age: timedelta) -> int:
    """What law has kept of erased accounts. The rows of the accounts stay, and their ``sub``s:
    nobody else is ever given them.
    """
    old = select(Closing.account_id).where(Closing.erased_at < now() - age).limit(BATCH)
    ids = list(db.session.scalars(old))
    for table in (AgreementAcceptance, Connection, Closing):
        db.session.execute(delete(table).where(table.account_id.in_(ids)))
    db.session.commit()
    return len(ids)


def _delete(table: Any, old: Select[str]) -> int:
    """One batch of the rows that ``old`` finds."""
    ids = list(db.session.scalars(old.limit(BATCH)))
    db.session.execute(delete(table).where(table.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _first_id(moment: datetime) -> str:
    """What every id made at ``moment`` or later is not less than: they begin with the time."""
    return f"{int(moment.timestamp() * 1000):012x}"
