"""Whom this node listens to (SSF 1.0, as a receiver): the stream it has there, and how it fares."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import String, Table, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, add_if_new, db
from idp.store.types import UtcDateTime, now


class Source(Base):
    __tablename__ = "event_source"

    transmitter: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Its entity identifier, which is the ``iss`` of what it sends."""
    stream_id: Mapped[str] = mapped_column(String(255), default="")
    """"": there is none yet."""
    secret_hash: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of what it shows when it pushes."""
    poll_url: Mapped[str] = mapped_column(Text, default="")
    """Where its events are fetched; "": it pushes them."""
    problem: Mapped[str] = mapped_column(Text, default="")
    """Why there is no stream, or none that works."""
    tries: Mapped[int] = mapped_column(default=0)
    """In a row that failed."""
    try_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When to look after it again."""
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


def get(transmitter: str) -> Source | None:
    return db.session.get(Source, transmitter, populate_existing=True)


def all_of() -> Sequence[Source]:
    return db.session.scalars(select(Source).order_by(Source.transmitter)).all()


def silent_since(moment: datetime) -> Sequence[Source]:
    """Those with a stream that have said nothing since."""
    query = select(Source).where(Source.stream_id != "", Source.heard_at < moment)
    return db.session.scalars(query).all()


def add(transmitter: str) -> None:
    """Somebody to listen to, in the current transaction; another worker may be first."""
    add_if_new(
        cast(Table, Source.__table__),
        {"transmitter": transmitter, "try_at": now(), "heard_at": now()},
    )


def claim(source: Source, until: datetime, *, at_once: bool = False) -> bool:
    """Whether it is due, or has to be, and no other worker sees to it: nobody does before
    ``until``. Commits.
    """
    if source.try_at > now() and not at_once:
        return False
    mine = update(Source).filter_by(transmitter=source.transmitter, try_at=source.try_at)
    taken = db.session.execute(mine.values(try_at=until).returning(Source.transmitter)).all()
    db.session.commit()
    return bool(taken)


def polled() -> Sequence[Source]:
    return db.session.scalars(select(Source).where(Source.poll_url != "")).all()


def remove(source: Source) -> None:
    """In the current transaction."""
    db.session.delete(source)
