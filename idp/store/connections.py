"""Which portals a person is connected to, on what legal basis, and what each was told."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db
from idp.store.types import UtcDateTime, now


class Connection(Base):
    __tablename__ = "connection"
    __table_args__ = (Index(None, "client_id"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    legal_basis: Mapped[str] = mapped_column(String(16))
    statute: Mapped[str] = mapped_column(Text, default="")
    granted: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Claims and ``offline_access``, as consented to or as the statute allows."""
    first_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def live(self) -> bool:
        return self.withdrawn_at is None


def find(account_id: str, client_id: str) -> Connection | None:
    return db.session.get(Connection, (account_id, client_id), populate_existing=True)


def find_or_add(account_id: str, client_id: str) -> tuple[Connection, bool]:
    """The connection, and whether nothing live was there; two tabs may ask at once."""
    found = find(account_id, client_id)
    if found is None:
        try:
            with db.session.begin_nested():
                made = Connection(
                    account_id=account_id, client_id=client_id, legal_basis="", granted=[]
                )
                db.session.add(made)
            return made, True
        except IntegrityError:  # another tab was first
            found = db.session.get_one(Connection, (account_id, client_id), populate_existing=True)
    return found, not found.live


def of(account_id: str) -> list[Connection]:
    """The live connections of a person, the latest used first."""
    query = select(Connection).filter_by(account_id=account_id, withdrawn_at=None)
    return list(db.session.scalars(query.order_by(Connection.last_at.desc())))
