"""Handles by which the national service names people to this node, and who was sent theirs."""

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, String, Table, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, add_if_new, db
from idp.store.types import UtcDateTime, now


class PersonHandle(Base):
    """A handle made for this node alone; no other node holds the same."""

    __tablename__ = "person_handle"
    __table_args__ = (UniqueConstraint("handle", "version"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    handle: Mapped[str] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(128))
    identity_id: Mapped[str] = mapped_column(String(32))
    """The identity it was made of: another one has another handle."""
    learnt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ToldHandle(Base):
    """That a node was sent the handle it has of a person: once is enough."""

    __tablename__ = "told_handle"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    destination: Mapped[str] = mapped_column(String(255), primary_key=True)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


def keep(account_id: str, handle: str, version: str, identity_id: str) -> None:
    """In the current transaction, in place of what was kept of the account, and of whoever had the
    handle before: a document is one person's, and changes hands with their identity.
    """
    same = (PersonHandle.handle == handle) & (PersonHandle.version == version)
    old = (PersonHandle.account_id == account_id) | same
    db.session.execute(delete(PersonHandle).where(old))
    row = PersonHandle(
        account_id=account_id, handle=handle, version=version, identity_id=identity_id
    )
    db.session.add(row)
    db.session.flush()


def account_of(handle: str, version: str) -> PersonHandle | None:
    return db.session.scalar(select(PersonHandle).filter_by(handle=handle, version=version))


def of(account_id: str) -> PersonHandle | None:
    return db.session.get(PersonHandle, account_id)


def was_told(account_id: str, destination: str, before: datetime) -> bool:
    found = db.session.get(ToldHandle, (account_id, destination))
    return found is not None and found.told_at < before


def note_told(account_id: str, destination: str) -> None:
    """In the current transaction."""
    row = {"account_id": account_id, "destination": destination, "told_at": now()}
    add_if_new(cast(Table, ToldHandle.__table__), row)


def told(account_id: str) -> list[ToldHandle]:
    query = select(ToldHandle).filter_by(account_id=account_id)
    return list(db.session.scalars(query.order_by(ToldHandle.told_at)))


def erase(account_id: str) -> None:
    """Everything of an account, in the current transaction."""
    for table in (PersonHandle, ToldHandle):
        db.session.execute(delete(table).where(table.account_id == account_id))
