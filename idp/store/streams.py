"""Event streams (SSF 1.0 §8): who is told what of the people they know, and what waits for them."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, String, Table, Text, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.connections import Connection
from idp.store.engines import Base, add_if_new, db, new_id
from idp.store.types import Sealed, UtcDateTime, now

ENABLED, PAUSED, DISABLED = "enabled", "paused", "disabled"
PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"


class Stream(Base):
    __tablename__ = "event_stream"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), unique=True)
    """The receiver: one stream each."""
    delivery: Mapped[str] = mapped_column(String(32))
    endpoint_url: Mapped[str] = mapped_column(Text, default="")
    """Where events are pushed to."""
    authorization: Mapped[str | None] = mapped_column(Sealed("event-stream"))
    """The header the receiver wants to see there."""
    requested: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Event types; none named: all there are."""
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default=ENABLED)
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When we last showed, unasked, that the stream is alive."""


class StreamEvent(Base):
    """One event for one receiver, until it has it."""

    __tablename__ = "stream_event"
    __table_args__ = (
        Index(None, "stream_id", "settled_at", "id"),
        Index(None, "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    """The ``jti``; they grow with time."""
    stream_id: Mapped[str] = mapped_column(ForeignKey("event_stream.id"))
    type: Mapped[str] = mapped_column(String(255))
    subject: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By the name the receiver knows them by (RFC 9493): never a number, never an account."""
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    txn: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(255), default="")


class SilencedSubject(Base):
    """Somebody a receiver wants to hear nothing of any more (SSF §8.1.3.3)."""

    __tablename__ = "silenced_subject"

    stream_id: Mapped[str] = mapped_column(ForeignKey("event_stream.id"), primary_key=True)
    sub: Mapped[str] = mapped_column(String(64), primary_key=True)


def add(stream: Stream) -> bool:
    """In the current transaction. False: the receiver has one; it was rolled back."""
    db.session.add(stream)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def of_client(client_id: str) -> Stream | None:
    return db.session.scalar(select(Stream).filter_by(client_id=client_id))


def of_account(account_id: str) -> Sequence[Stream]:
    """Those of receivers that know the person, or did."""
    known = select(Connection.client_id).where(Connection.account_id == account_id)
    query = select(Stream).where(Stream.status != DISABLED, Stream.client_id.in_(known))
    return db.session.scalars(query).all()


def open_() -> Sequence[Stream]:
    """All that are not disabled."""
    return db.session.scalars(select(Stream).where(Stream.status != DISABLED)).all()


def any_() -> bool:
    """Whether anybody listens at all. The caller's changes are written when the caller says so."""
    with db.session.no_autoflush:
        return db.session.scalar(select(Stream.id).limit(1)) is not None


def quiet_since(moment: datetime) -> Sequence[Stream]:
    """Enabled ones that were not shown to be alive since."""
    query = select(Stream).where(Stream.status == ENABLED, Stream.verified_at < moment)
    return db.session.scalars(query).all()


def remove(stream: Stream) -> None:
    """In the current transaction, with whatever waits."""
    db.session.execute(delete(StreamEvent).filter_by(stream_id=stream.id))
    db.session.execute(delete(SilencedSubject).filter_by(stream_id=stream.id))
    db.session.delete(stream)


def hold(
    stream: Stream, type_: str, subject: dict[str, Any], body: dict[str, Any], at: datetime
) -> StreamEvent:
    """An event for a receiver, in the current transaction."""
    event = StreamEvent(
        stream_id=stream.id,
        type=type_,
        subject=subject,
        body=body,
        txn=secrets.token_urlsafe(12),
        at=at,
    )
    db.session.add(event)
    db.session.flush()
    return event


def get(event_id: str) -> tuple[StreamEvent, Stream] | None:
    query = select(StreamEvent, Stream).join(Stream, Stream.id == StreamEvent.stream_id)
    row = db.session.execute(query.where(StreamEvent.id == event_id)).one_or_none()
    return (row[0], row[1]) if row else None


def waiting(stream: Stream, limit: int) -> Sequence[StreamEvent]:
    """The oldest events a receiver has not taken."""
    query = select(StreamEvent).filter_by(stream_id=stream.id, settled_at=None)
    return db.session.scalars(query.order_by(StreamEvent.id).limit(limit)).all()


def settle(stream: Stream, ids: Collection[str], outcome: str) -> None:
    """The receiver has them, or will never: in the current transaction."""
    held = update(StreamEvent).filter_by(stream_id=stream.id, settled_at=None)
    chosen = held.where(StreamEvent.id.in_(list(ids)))
    db.session.execute(chosen.values(settled_at=now(), outcome=outcome[:255]))


def drop_all(stream: Stream) -> None:
    """Nothing is held for a disabled stream: in the current transaction."""
    db.session.execute(delete(StreamEvent).filter_by(stream_id=stream.id))


def silence(stream: Stream, sub: str) -> None:
    add_if_new(cast(Table, SilencedSubject.__table__), {"stream_id": stream.id, "sub": sub})


def unsilence(stream: Stream, sub: str) -> None:
    db.session.execute(delete(SilencedSubject).filter_by(stream_id=stream.id, sub=sub))


def is_silenced(stream: Stream, sub: str) -> bool:
    return db.session.get(SilencedSubject, (stream.id, sub)) is not None


def overdue(age: timedelta) -> int:
    """How many events of enabled streams nobody has taken for so long."""
    query = (
        select(func.count())
        .select_from(StreamEvent)
        .join(Stream, Stream.id == StreamEvent.stream_id)
        .where(StreamEvent.settled_at.is_(None), StreamEvent.at < now() - age)
        .where(Stream.status == ENABLED)
    )
    return db.session.scalar(query) or 0
