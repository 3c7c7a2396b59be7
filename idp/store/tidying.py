"""Clearing away what is over: tables must not grow without end, nor keep people's traces."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from idp.settings import Retention
from idp.store.accounts import KnownBrowser, SignIn
from idp.store.engines import db
from idp.store.outbox import WAITING, OutboxMessage, OutboxTry
from idp.store.types import now

BATCH = 1000
"""Rows of one transaction: a large table is never locked for long."""


def tidy(keep: Retention) -> int:
    """Delete one batch of each kind; returns how many rows went, so that the caller goes on."""
    return _browsers(keep.browsers) + _sign_ins(keep.sign_ins) + _deliveries(keep.deliveries)


def _sign_ins(age: timedelta) -> int:
    return _delete(SignIn.id, SignIn.at < now() - age)


def _browsers(age: timedelta) -> int:
    """By account and browser: neither names a row alone."""
    old = select(KnownBrowser.account_id, KnownBrowser.browser)
    keys = db.session.execute(old.where(KnownBrowser.last_at < now() - age).limit(BATCH)).all()
    for account_id, browser in keys:
        known = delete(KnownBrowser).filter_by(account_id=account_id, browser=browser)
        db.session.execute(known.where(KnownBrowser.last_at < now() - age))
    db.session.commit()
    return len(keys)


def _deliveries(age: timedelta) -> int:
    over = (OutboxMessage.state != WAITING) & (OutboxMessage.created_at < now() - age)
    ids = list(db.session.scalars(select(OutboxMessage.id).where(over).limit(BATCH)))
    db.session.execute(delete(OutboxTry).where(OutboxTry.message_id.in_(ids)))
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))
    db.session.commit()
    return len(ids)


def _delete(key: InstrumentedAttribute[str], over: ColumnElement[bool]) -> int:
    ids = list(db.session.scalars(select(key).where(over).limit(BATCH)))
    db.session.execute(delete(key.class_).where(key.in_(ids)))
    db.session.commit()
    return len(ids)
