"""Which portals a person is connected to, on what legal basis, and what each was told."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import JSON, ForeignKey, Index, String, Table, Text, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, add_if_new, db
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


# Made once: building a statement each time costs as much as asking it.
_FIND = (
    select(Connection)
    .where(Connection.account_id == bindparam("account_id"))
    .where(Connection.client_id == bindparam("client_id"))
    .execution_options(populate_existing=True)
)


def find(account_id: str, client_id: str) -> Connection | None:
    return db.session.scalar(_FIND, {"account_id": account_id, "client_id": client_id})


def get(account_id: str, client_id: str) -> Connection:
    """One that is known to be there."""
    return db.session.scalars(_FIND, {"account_id": account_id, "client_id": client_id}).one()


def add(
    account_id: str, client_id: str, *, legal_basis: str, statute: str, granted: Sequence[str]
) -> bool:
    """Write the first one, in the current transaction. False: another tab was first."""
    row = {
        "account_id": account_id,
        "client_id": client_id,
        "legal_basis": legal_basis,
        "statute": statute,
        "granted": list(granted),
    }
    return add_if_new(cast(Table, Connection.__table__), row)


def of(account_id: str) -> list[Connection]:
    """The live connections of a person, the latest used first."""
    query = select(Connection).filter_by(account_id=account_id, withdrawn_at=None)
    return list(db.session.scalars(query.order_by(Connection.last_at.desc())))
