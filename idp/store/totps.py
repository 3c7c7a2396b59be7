"""Authenticator apps (TOTP, RFC 6238) of accounts: their secrets, and how far each was used."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db
from idp.store.types import Sealed, UtcDateTime, now


class AlreadyAdded(Exception):
    """The same set-up was finished before: the form was sent twice."""


class Totp(Base):
    __tablename__ = "totp"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(Sealed("totp_name"))
    """What the person calls it: they may write whatever they like."""
    secret: Mapped[str] = mapped_column(Sealed("totp"))
    """In base32."""
    last_step: Mapped[int] = mapped_column(Integer)
    """The step of the last code accepted: it and those before it are used up (RFC 6238 §5.2)."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def of(account_id: str) -> list[Totp]:
    """The oldest first."""
    query = select(Totp).filter_by(account_id=account_id)
    return list(db.session.scalars(query.order_by(Totp.added_at, Totp.id)))


def any_of(account_id: str) -> bool:
    """Whether there is one; nothing is opened."""
    return bool(db.session.scalar(select(exists().where(Totp.account_id == account_id))))


def get(account_id: str, totp_id: str) -> Totp | None:
    """One of this account's, nobody else's."""
    query = select(Totp).filter_by(account_id=account_id, id=totp_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def add(totp: Totp) -> None:
    """In the current transaction. Raises AlreadyAdded and rolls back."""
    db.session.add(totp)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise AlreadyAdded from None


def use(totp: Totp, step: int) -> bool:
    """Use up the code of ``step``, in the current transaction. False: it is used up already, or the
    app was removed: of two at once one wins.
    """
    used = update(Totp).where(Totp.id == totp.id, Totp.last_step < step)
    used = used.values(last_step=step, used_at=now()).returning(Totp.id)
    return bool(db.session.execute(used.execution_options(synchronize_session=False)).all())


def remove(totp_id: str) -> bool:
    """In the current transaction. False: another tab was first."""
    gone = delete(Totp).where(Totp.id == totp_id).returning(Totp.id)
    return bool(db.session.execute(gone).all())
