"""One text, one row, also while two master keys are in use.

A unique index on blind indexes compares what was made under one key. While values are re-keyed the
same text can stand under another, so it is looked for under every key; and two processes that write
under different ones take turns, for neither would see what the other has not committed.
"""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from idp.store.engines import db
from idp.store.types import BlindIndex


def is_only(column: InstrumentedAttribute[Any], text: str) -> bool:
    """Write what is pending; whether no other row has ``text`` in the blind index ``column``.

    Rolls back where one has. The turn lasts until the transaction ends.
    """
    _take_turn(column, text)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return False
    having = select(func.count()).where(BlindIndex.matches(column, text))
    if (db.session.scalar(having) or 0) > 1:
        db.session.rollback()
        return False
    return True


def _take_turn(column: InstrumentedAttribute[Any], text: str) -> None:
    """With one key the unique index makes them wait; SQLite has one writer at any time."""
    with db.session.no_autoflush:
        if db.session.get_bind().dialect.name != "postgresql":
            return
        lock = BlindIndex.lock(column, text)
        if lock is not None:
            db.session.execute(select(func.pg_advisory_xact_lock(lock)))
