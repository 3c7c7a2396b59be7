"""What a person of the staff has to decide: asked for by a citizen, named by a short code."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import Sealed, UtcDateTime, now

OPEN, DECIDED, LAPSED = "open", "decided", "lapsed"
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that look alike on paper or sound alike on the phone."""
_HALF = 4


class CaseTaken(Exception):
    """The account has an open case of this kind: another tab was first."""


class Case(Base):
    __tablename__ = "case_file"
    __table_args__ = (
        Index(None, "state", "id"),
        Index(None, "state", "valid_until"),
        Index(None, "account_id", "kind", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    """What stands on the slip."""
    kind: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    open_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    """Account, kind and topic while it is open: that there is one only."""
    stated: Mapped[dict[str, Any]] = mapped_column(Sealed("case", json=True), default=dict)
    """What the person said of themselves."""
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    officer: Mapped[str] = mapped_column(String(64), default="")
    """Who decided it: a staff number, never a name."""
    outcome: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(String(256), default="")

    @property
    def open(self) -> bool:
        return self.state == OPEN and self.valid_until > now()


def new_code() -> str:
    """Eight letters in two halves: a fortieth of a trillion of them."""
    halves = ("".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2))
    return "-".join(halves)


def add(account_id: str, kind: str, stated: dict[str, Any], valid_until: datetime) -> Case:
    """Open a case, in the current transaction. Raises CaseTaken and rolls back."""
    case = Case(
        code=new_code(),
        kind=kind,
        account_id=account_id,
        open_key=_key(account_id, kind, stated),
        stated=stated,
        valid_until=valid_until,
    )
    db.session.add(case)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise CaseTaken from None
    return case


def open_of(account_id: str, kind: str, topic: str = "") -> Case | None:
    """The one of an account, kind and topic that is still to be decided."""
    query = select(Case).filter_by(open_key=_key(account_id, kind, {"topic": topic}))
    return db.session.scalars(query.where(Case.valid_until > now())).first()


def of(account_id: str, limit: int = 50) -> list[Case]:
    """The cases of an account, the latest first."""
    query = select(Case).filter_by(account_id=account_id).order_by(Case.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def by_code(code: str) -> Case | None:
    """``code`` as somebody reads it out: case, spaces and hyphens do not matter."""
    letters = "".join(sign for sign in code.upper() if sign in _LETTERS)
    return db.session.scalar(select(Case).filter_by(code=f"{letters[:_HALF]}-{letters[_HALF:]}"))


def waiting(limit: int = 50, after: str = "", kind: str = "") -> list[Case]:
    """Open cases, the oldest first; ``after`` the id of the last one seen."""
    query = select(Case).where(Case.state == OPEN, Case.valid_until > now(), Case.id > after)
    query = query.where(Case.kind == kind) if kind else query
    return list(db.session.scalars(query.order_by(Case.id).limit(limit)))


def count_waiting() -> int:
    query = select(func.count()).select_from(Case)
    return db.session.scalar(query.where(Case.state == OPEN, Case.valid_until > now())) or 0


def decide(case: Case, officer: str, outcome: str, reason: str) -> bool:
    """Close a case, in the current transaction. False where somebody else was first."""
    decided = {"decided_at": now(), "officer": officer, "outcome": outcome, "reason": reason}
    claim = update(Case).where(Case.id == case.id, Case.state == OPEN)
    claim = claim.values(state=DECIDED, open_key=None, **decided)
    return bool(db.session.execute(claim.returning(Case.id)).first())


def over(limit: int, account_id: str = "") -> list[Case]:
    """Cases nobody decided in time, of everybody or of one account."""
    query = select(Case).where(Case.state == OPEN, Case.valid_until <= now())
    query = query.filter_by(account_id=account_id) if account_id else query
    return list(db.session.scalars(query.order_by(Case.valid_until).limit(limit)))


def restate(case: Case, stated: dict[str, Any]) -> bool:
    """Put other words in, in the current transaction. False where it was decided meanwhile."""
    return _moved(case, stated=stated)


def lapse(case: Case) -> bool:
    """Let its time be over, in the current transaction. False where it was decided meanwhile."""
    return _moved(case, state=LAPSED, open_key=None)


def _moved(case: Case, **values: Any) -> bool:
    moved = update(Case).where(Case.id == case.id, Case.state == OPEN).values(**values)
    found = db.session.execute(moved.returning(Case.id)).first()
    db.session.refresh(case)
    return bool(found)


def move(from_id: str, to_id: str, only: Collection[str] | None = None) -> list[Case]:
    """Hand open cases over to another account, in the current transaction; returns them.

    One of a kind that the other has open itself stays. ``only`` those with these codes; None: all.
    """
    query = select(Case).filter_by(account_id=from_id, state=OPEN).where(Case.valid_until > now())
    query = query.where(Case.code.in_(only)) if only is not None else query
    taken = select(Case.open_key).filter_by(account_id=to_id, state=OPEN)
    has = set(db.session.scalars(taken))
    found = list(db.session.scalars(query))
    moved = [each for each in found if _key(to_id, each.kind, each.stated) not in has]
    for case in moved:
        case.account_id, case.open_key = to_id, _key(to_id, case.kind, case.stated)
    db.session.flush()
    return moved


def _key(account_id: str, kind: str, stated: dict[str, Any]) -> str:
    return ":".join(filter(None, (account_id, kind, stated.get("topic", ""))))
