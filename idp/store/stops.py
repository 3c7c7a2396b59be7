"""Accounts somebody stopped: why, who, and who let them go on."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.accounts import STOPPED, Account
from idp.store.cases import new_code
from idp.store.engines import Base, db, new_id
from idp.store.types import UtcDateTime, now


class Stop(Base):
    __tablename__ = "account_stop"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    """What the person is told to name."""
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    """One of ``stops.KINDS``."""
    before: Mapped[str] = mapped_column(String(16))
    """The state the account was in."""
    officer: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(256))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str] = mapped_column(String(64), default="")
    lifted_reason: Mapped[str] = mapped_column(String(256), default="")


def add(account: Account, kind: str, officer: str, reason: str) -> Stop:
    """Stop an account that is held, in the current transaction."""
    stop = Stop(
        code=new_code(),
        account_id=account.id,
        kind=kind,
        before=account.status,
        officer=officer,
        reason=reason,
    )
    account.status, account.status_reason = STOPPED, kind
    db.session.add(stop)
    db.session.flush()
    return stop


def lift(account: Account, stop: Stop, officer: str, reason: str) -> None:
    """Let an account that is held go on as it was, in the current transaction."""
    account.status, account.status_reason = stop.before, ""
    stop.lifted_at, stop.lifted_by, stop.lifted_reason = now(), officer, reason
    db.session.flush()


def of(account_id: str) -> Stop | None:
    """The stop in force."""
    query = select(Stop).filter_by(account_id=account_id, lifted_at=None)
    return db.session.scalars(query.order_by(Stop.at.desc()).limit(1)).first()
