"""Who of the staff read something of a person, kept for that person to see."""

from datetime import datetime
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from idp.store.audit import AuditEvent
from idp.store.engines import Base, db, new_id
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


class Place(NamedTuple):
    """Where a page of a list ends: rows of an account are told apart by time and id."""

    at: datetime
    id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for anything that no page of ours has written."""
        moment, _, last = text.partition("~")
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        return cls(at, last) if at.tzinfo and last.isalnum() else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


def note(account_id: str, what: str, reader: str, reference: str = "") -> None:
    """Record a reading, in the current transaction."""
    row = DataRead(account_id=account_id, what=what, reader=reader[:64], reference=reference[:64])
    db.session.add(row)


def of(account_id: str, limit: int, before: Place | None = None) -> list[DataRead]:
    """Readings of what an account holds, the latest first."""
    query = select(DataRead).filter_by(account_id=account_id)
    query = query.where(_older(DataRead.at, DataRead.id, before))
    query = query.order_by(DataRead.at.desc(), DataRead.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def events_of(
    account_id: str, actions: tuple[str, ...], limit: int, before: Place | None = None
) -> list[AuditEvent]:
    """Some kinds of events of an account, the latest first."""
    query = select(AuditEvent).where(AuditEvent.account == account_id)
    query = query.where(AuditEvent.action.in_(actions))
    query = query.where(_older(AuditEvent.at, AuditEvent.id, before))
    query = query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def _older(
    at: InstrumentedAttribute[datetime], id_: InstrumentedAttribute[str], place: Place | None
) -> ColumnElement[bool]:
    if place is None:
        return true()
    same = and_(at == place.at, id_ < place.id)
    return and_(at <= place.at, or_(at < place.at, same))


def newer(
    at: InstrumentedAttribute[datetime],
    id_: InstrumentedAttribute[str],
    place: tuple[datetime, str] | None,
) -> ColumnElement[bool]:
    """The condition for what comes after ``place``, time by time and then id by id."""
    if place is None:
        return true()
    moment, last = place
    return and_(at >= moment, or_(at > moment, and_(at == moment, id_ > last)))
