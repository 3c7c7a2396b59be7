"""Clearing away what is over: tables must not grow without end, nor keep people's traces.

Every question here follows an index to what is old: reading a table of a hundred million rows
would end at the time limit of statements, and nothing would ever go.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from idp.settings import Retention
from idp.store.accounts import KnownBrowser, SignIn
from idp.store.engines import db
from idp.store.outbox import DONE, GIVEN_UP, OutboxMessage, OutboxTry
from idp.store.types import now

BATCH = 1000
"""Rows of one transaction: a large table is never locked for long."""


def tidy(keep: Retention) -> int:
    """Delete one batch of each kind; returns how many rows went, so that the caller goes on."""
    return _browsers(keep.browsers) + _sign_ins(keep.sign_ins) + _deliveries(keep.deliveries)


def _sign_ins(age: timedelta) -> int:
    moment = now() - age
    old = select(SignIn.id).where(SignIn.id < _first_id(moment), SignIn.at < moment)
    ids = list(db.session.scalars(old.order_by(SignIn.id).limit(BATCH)))
    db.session.execute(delete(SignIn).where(SignIn.id.in_(ids)))
    db.session.commit()
    return len(ids)


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


def _deliveries(age: timedelta) -> int:
    """A message that is settled was due last when it was settled."""
    settled = OutboxMessage.state.in_((DONE, GIVEN_UP))
    over = settled & (OutboxMessage.due_at < now() - age)
    ids = list(db.session.scalars(select(OutboxMessage.id).where(over).limit(BATCH)))
    db.session.execute(delete(OutboxTry).where(OutboxTry.message_id.in_(ids)))
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _first_id(moment: datetime) -> str:
    """What every id made at ``moment`` or later is not less than: they begin with the time."""
    return f"{int(moment.timestamp() * 1000):012x}"
