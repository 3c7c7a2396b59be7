"""Getting an account back, while its holder is told and may say no.

An account has at most one recovery under way: a unique key decides, so of two that begin at once
one is told. Every end is a conditional update: one of many callers sees True.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, String, Table, bindparam, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, connection, db, new_id
from idp.store.numbers import NumberLoss
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now

PENDING, DONE, CANCELLED, LAPSED = "pending", "done", "cancelled", "lapsed"
NUMBER_LOST, RECOVERY = "number_lost", "recovery"


class RecoveryTaken(Exception):
    """The account has a recovery under way: somebody was first."""


class Recovery(Base):
    __tablename__ = "recovery"
    __table_args__ = (Index(None, "account_id"), Index(None, "until"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    open_key: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The account again while it is under way: that there is one only."""
    way: Mapped[str] = mapped_column(String(16))
    """By what it is got back: a key of ``recoveries.WAYS``."""
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    """The digest of what names it to who began it."""
    phone: Mapped[str] = mapped_column(Sealed("phone"))
    """The number the account is to have, E.164, proven by who began it."""
    phone_index: Mapped[str] = mapped_column(BlindIndex("phone"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=PENDING)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ready_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From when on it may be brought to its end."""
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    """Until when."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(64), default="")
    """Why it was cancelled."""

    @property
    def pending(self) -> bool:
        return self.state == PENDING and self.until > now()

    @property
    def ready(self) -> bool:
        return self.pending and self.ready_at <= now()


def add(  # noqa: PLR0913 - a row of the table
    account_id: str, *, way: str, phone: str, reference: str, wait: timedelta, open_for: timedelta
) -> Recovery:
    """Begin one, in the current transaction. Raises RecoveryTaken and rolls back."""
    begun = now()
    made = Recovery(
        account_id=account_id,
        open_key=account_id,
        way=way,
        reference=reference,
        phone=phone,
        phone_index=phone,
        begun_at=begun,
        ready_at=begun + wait,
        until=begun + wait + open_for,
    )
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise RecoveryTaken from None
    return made


def by_id(recovery_id: str) -> Recovery | None:
    return db.session.get(Recovery, recovery_id, populate_existing=True)


def of(account_id: str) -> Recovery | None:
    """The one under way, or the one whose time is over and which nobody has looked at since."""
    query = select(Recovery).filter_by(open_key=account_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def named(reference: str, phone: str) -> Recovery | None:
    """The one called so (a digest), of who has proved the number it is for."""
    mine = BlindIndex.matches(Recovery.phone_index, phone)
    return db.session.scalar(select(Recovery).filter_by(reference=reference).where(mine))


def end(recovery: Recovery, state: str, reason: str = "") -> bool:
    """Bring it to an end, in the current transaction. False where it had one already."""
    ended = update(Recovery).where(Recovery.id == recovery.id, Recovery.state == PENDING)
    values: dict[str, Any] = {"state": state, "reason": reason, "ended_at": now()}
    ended = ended.values(open_key=None, **values).returning(Recovery.id)
    found = db.session.execute(ended).all()
    db.session.refresh(recovery)
    return bool(found)


_LOSS, _MADE = cast(Table, NumberLoss.__table__), cast(Table, Recovery.__table__)
_NEWS = (
    select(literal(NUMBER_LOST))
    .where(_LOSS.c.account_id == bindparam("account"), _LOSS.c.seen_at.is_(None))
    .union_all(
        select(literal(RECOVERY)).where(
            _MADE.c.open_key == bindparam("account"), _MADE.c.until > bindparam("now")
        )
    )
)


def news(account_id: str) -> set[str]:
    """What somebody is told at their sign-in: that their number went, that the account is being
    got back.
    """
    asked = {"account": account_id, "now": now()}
    return {kind for (kind,) in connection().execute(_NEWS, asked)}
