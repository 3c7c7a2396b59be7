"""Small amounts on their way to organisations' accounts, until somebody reads them off there."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import UtcDateTime, now


class Transfer(Base):
    """One at a time for each account and organisation; gone once it is decided."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("account_id", "code"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    code: Mapped[str] = mapped_column(String(18))
    name: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(32))
    verifier: Mapped[str] = mapped_column(String(64))
    paid: Mapped[str] = mapped_column(String(128))
    """What the payer calls it."""
    identity_id: Mapped[str] = mapped_column(String(32))
    """Whom the register names the legal representative: the account's identity of then."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


def put(made: Transfer) -> Transfer:
    """In place of an earlier one for the same organisation, and commit."""
    kept = (Transfer.account_id == made.account_id, Transfer.code == made.code)
    db.session.execute(delete(Transfer).where(*kept))
    db.session.add(made)
    try:
        db.session.commit()
    except IntegrityError:  # another tab was first: its payment is the one that counts
        db.session.rollback()
        return db.session.scalars(select(Transfer).where(*kept)).one()
    return made


def find(transfer_id: str) -> Transfer | None:
    return db.session.get(Transfer, transfer_id) if transfer_id.isalnum() else None


def of(account_id: str) -> list[Transfer]:
    """The latest first."""
    query = select(Transfer).filter_by(account_id=account_id)
    return list(db.session.scalars(query.order_by(Transfer.asked_at.desc())))


def drop(transfer_id: str) -> None:
    """In the current transaction; harmless to repeat."""
    db.session.execute(delete(Transfer).where(Transfer.id == transfer_id))
