"""What other entities stated, as it was fetched: kept until it expires, shared by all processes.

Read and written on a connection of its own, beside the caller's transaction: what was learnt of
others stays learnt whatever becomes of the request that asked.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple, cast

from sqlalchemy import Index, String, Table, Text, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.engines import Base, db, upsert
from idp.store.types import UtcDateTime, now

_COLUMNS = ("token", "fetched_at", "expires_at")


class FetchedStatement(Base):
    __tablename__ = "fetched_statement"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the address."""
    token: Mapped[str] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Kept(NamedTuple):
    token: str
    fetched_at: datetime


def find(url: str) -> Kept | None:
    """What stood at ``url`` last, while it holds."""
    with Session(db.engine) as session:
        found = session.get(FetchedStatement, _digest(url))
        if found is None or found.expires_at <= now():
            return None
        return Kept(found.token, found.fetched_at)


def keep(url: str, token: str, expires: float) -> None:
    """``expires`` in seconds of the epoch."""
    row: dict[str, Any] = {
        "id": _digest(url),
        "token": token,
        "fetched_at": now(),
        "expires_at": datetime.fromtimestamp(expires, UTC),
    }
    table = cast(Table, FetchedStatement.__table__)
    with Session(db.engine) as session, session.begin():
        made = upsert(table, session.connection().dialect.name).values(row)
        changes = {name: row[name] for name in _COLUMNS}
        session.execute(made.on_conflict_do_update(index_elements=["id"], set_=changes))


def forget(url: str) -> None:
    with Session(db.engine) as session, session.begin():
        session.execute(delete(FetchedStatement).filter_by(id=_digest(url)))


def forget_all() -> None:
    """Ask everybody again: somebody's keys were taken, or a federation is tested."""
    with Session(db.engine) as session, session.begin():
        session.execute(delete(FetchedStatement))


def _digest(url: str) -> str:
    return sha256(url.encode()).hexdigest()
