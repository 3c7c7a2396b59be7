"""What must reach someone else: a row in the transaction of its cause, delivered by a worker."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import UtcDateTime, now

WAITING, DONE, GIVEN_UP = "waiting", "done", "given_up"
NONE: frozenset[str] = frozenset()


class OutboxMessage(Base):
    __tablename__ = "outbox"
    __table_args__ = (Index(None, "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Never a secret, never personal data in clear: identifiers, and a number that is sealed."""
    state: Mapped[str] = mapped_column(String(16), default=WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class OutboxTry(Base):
    """One attempt at delivery and what came of it."""

    __tablename__ = "outbox_try"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    message_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    outcome: Mapped[str] = mapped_column(Text)


def add(kind: str, payload: dict[str, Any], *, due_in: timedelta = timedelta(0)) -> OutboxMessage:
    """Join the current transaction; the caller commits."""
    message = OutboxMessage(kind=kind, payload=payload, due_at=now() + due_in)
    db.session.add(message)
    return message


def claim_due(
    limit: int, lease: timedelta, *, only: frozenset[str] = NONE, but: frozenset[str] = NONE
) -> list[OutboxMessage]:
    """Take messages that are due; whoever dies with them loses them after ``lease``."""
    kinds = OutboxMessage.kind.in_(only) if only else OutboxMessage.kind.not_in(but)
    query = (
        select(OutboxMessage.id, OutboxMessage.due_at)
        .where(OutboxMessage.state == WAITING, OutboxMessage.due_at <= now(), kinds)
        .order_by(OutboxMessage.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for message_id, due_at in db.session.execute(query).all():
        changed = db.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message_id, OutboxMessage.due_at == due_at)
            .where(OutboxMessage.state == WAITING)
            .values(due_at=now() + lease, tries=OutboxMessage.tries + 1)
            .returning(OutboxMessage)
        ).scalar_one_or_none()
        if changed is not None:
            taken.append(changed)
    db.session.commit()
    return taken


def settle(message: OutboxMessage, outcome: str, *, state: str, due_in: timedelta) -> None:
    """Record what came of a try, and whether and when there is another."""
    db.session.add(OutboxTry(message_id=message.id, outcome=outcome))
    message.state = state
    message.due_at = now() + due_in
    db.session.commit()


def waiting() -> int:
    return (
        db.session.scalar(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state == WAITING)
        )
        or 0
    )
