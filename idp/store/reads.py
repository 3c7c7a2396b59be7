"""Who of the staff read something of a person, kept for that person to see."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.audit import AuditEvent
from idp.store.engines import Base, db, new_id
from idp.store.paging import PageEnd, older
from idp.store.types import UtcDateTime, now

CASE, LOOKED_UP, IDENTITY = "case", "looked_up", "identity"
"""What was read: what the person stated in a case; whether a number has an account; the real name,
masked, and its evidence.
"""


class DataRead(Base):
    __tablename__ = "data_read"
    __table_args__ = (Index(None, "account_id", "at"), Index(None, "at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    what: Mapped[str] = mapped_column(String(32))
    reader: Mapped[str] = mapped_column(String(64), default="")
    """A staff number or a role, never a name."""
    reference: Mapped[str] = mapped_column(String(64), default="")


def note(account_id: str, what: str, reader: str, reference: str = "") -> None:
    """Record a reading, in the current transaction."""
    row = DataRead(account_id=account_id, what=what, reader=reader[:64], reference=reference[:64])
    db.session.add(row)


def of(account_id: str, limit: int, before: PageEnd | None = None) -> list[DataRead]:
    """Readings of what an account holds, the latest first."""
    query = select(DataRead).filter_by(account_id=account_id)
    query = query.where(older(DataRead.at, DataRead.id, before))
    query = query.order_by(DataRead.at.desc(), DataRead.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def events_of(
    account_id: str, actions: tuple[str, ...], limit: int, before: PageEnd | None = None
) -> list[AuditEvent]:
    """Some kinds of events of an account, the latest first."""
    query = select(AuditEvent).where(AuditEvent.account == account_id)
    query = query.where(AuditEvent.action.in_(actions))
    query = query.where(older(AuditEvent.at, AuditEvent.id, before))
    query = query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    return list(db.session.scalars(query.limit(limit)))
