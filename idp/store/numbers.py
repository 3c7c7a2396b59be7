"""Numbers that changed hands: who lost one, to whom, and when the loser's account closes."""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ForeignKey, Select, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store import accounts, outbox
from idp.store.accounts import ACTIVE, CLOSED, FROZEN, Account
from idp.store.engines import Base, db, new_id
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now

CLOSE = "account-close"


class NumberLoss(Base):
    """An account lost its number to somebody who proved it after it was long unproven."""

    __tablename__ = "number_loss"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    phone: Mapped[str] = mapped_column(Sealed("phone"))
    phone_index: Mapped[str] = mapped_column(BlindIndex("phone"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the account, frozen, closes; none while it has another way in."""
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person was told, at their next sign-in."""


def release(account: Account, waiting: timedelta) -> NumberLoss:
    """Take the number from ``account``, in the current transaction.

    An account that can be found by nothing else is frozen and closes after ``waiting``.
    """
    loss = NumberLoss(account_id=account.id, phone=account.phone, phone_index=account.phone)
    account.phone = account.phone_index = account.phone_proven_at = None
    if account.status in {ACTIVE, FROZEN} and not (account.username_key and account.password_hash):
        account.status, account.status_reason = FROZEN, "number_lost"
        loss.closes_at = now() + waiting
        outbox.add(CLOSE, {"account": account.id}, due_in=waiting)
    db.session.add(loss)
    db.session.flush()
    return loss


def former_holder(phone: str) -> Account | None:
    """The last account that lost ``phone`` and can still prove itself by a password."""
    keys = BlindIndex.keys(NumberLoss.phone_index, phone)
    return db.session.scalars(_former_holder(len(keys)), keys).first()


@cache
def _former_holder(keys: int) -> Select[Account]:
    return (
        select(Account)
        .join(NumberLoss, NumberLoss.account_id == Account.id)
        .where(BlindIndex.is_one_of(NumberLoss.phone_index, keys))
        .where(Account.phone_index.is_(None), Account.password_hash.is_not(None))
        .where(Account.status.in_((ACTIVE, FROZEN)))
        .order_by(NumberLoss.at.desc())
    )


def restore(account: Account) -> bool:
    """Unfreeze, in the current transaction: the person has shown that they are there. The number
    stays where it is. False: it has closed, or gone into another account, meanwhile.
    """
    accounts.hold(account.id)
    if account.status != FROZEN:
        return False
    account.status, account.status_reason = ACTIVE, ""
    lost = update(NumberLoss).where(NumberLoss.account_id == account.id)
    db.session.execute(lost.values(closes_at=None))
    return True


def go_on(account: Account) -> None:
    """Say again why an account is frozen, in the current transaction, and promise its closing anew
    where it is to close: that passed by while the account was stopped.
    """
    query = select(NumberLoss.closes_at).where(
        NumberLoss.account_id == account.id, NumberLoss.closes_at.is_not(None)
    )
    closes_at = db.session.scalars(query.order_by(NumberLoss.at.desc()).limit(1)).first()
    account.status_reason = "not_me" if closes_at is None else "number_lost"
    if closes_at is not None:
        wait = max(closes_at - now(), timedelta(0))
        outbox.add(CLOSE, {"account": account.id}, due_in=wait)


def close_if_due(account_id: str) -> bool:
    """Close an account that is frozen still and whose time is over; the caller commits."""
    held = accounts.hold(account_id)
    if not held or held[0].status != FROZEN:
        return False
    due = select(NumberLoss.id).where(
        NumberLoss.account_id == account_id, NumberLoss.closes_at <= now()
    )
    if db.session.scalars(due).first() is None:
        return False
    held[0].status, held[0].status_reason = CLOSED, "number_lost"
    return True


def untold(account_id: str) -> list[NumberLoss]:
    """Losses the person has not been told of."""
    query = select(NumberLoss).filter_by(account_id=account_id, seen_at=None)
    return list(db.session.scalars(query.order_by(NumberLoss.at)))


def told(account_id: str) -> None:
    lost = update(NumberLoss).where(NumberLoss.account_id == account_id)
    db.session.execute(lost.where(NumberLoss.seen_at.is_(None)).values(seen_at=now()))
