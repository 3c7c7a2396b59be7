"""Legal persons, and the mandates by which people act for them.

An organisation has at most one legal representative at a time: a unique index decides, so of two
tabs that finish at once one finds what the other made. States move only from where they were
seen: an offer that is withdrawn while it is accepted is one or the other, never both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    CursorResult,
    ForeignKey,
    Index,
    String,
    func,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from idp.store.engines import Base, db, new_id
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now

ACTIVE, DISSOLVED = "active", "dissolved"
LEGAL, AGENT = "legal_representative", "agent"
OFFERED, ACCEPTED, DECLINED, REVOKED = "offered", "accepted", "declined", "revoked"
ALL = "all"
"""The function that stands for every one."""
_AT_ONCE = 500
"""Mandates asked about in one question."""


class CodeTaken(Exception):
    """The credit code belongs to an organisation already."""


class RepresentativeThere(Exception):
    """The organisation has got a legal representative meanwhile."""


class Organisation(Base):
    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(String(18), unique=True)
    """Unified social credit code: public, as the name is."""
    name: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(32))
    """One of ``[kinds]`` in config/organisations.toml."""
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    method: Mapped[str] = mapped_column(String(32), default="")
    reference: Mapped[str] = mapped_column(String(128), default="")

    @property
    def active(self) -> bool:
        return self.status == ACTIVE


_OF_THE_LAW = text("kind = 'legal_representative' AND state = 'accepted'")


class Mandate(Base):
    """Somebody's right to act for an organisation: what for, where, from when to when."""

    __tablename__ = "mandate"
    __table_args__ = (
        Index(None, "organisation_id", "state"),
        Index(None, "account_id", "state"),
        Index(None, "phone_index", "state"),
        Index(
            "uq_mandate_legal_representative",
            "organisation_id",
            unique=True,
            sqlite_where=_OF_THE_LAW,
            postgresql_where=_OF_THE_LAW,
        ),
        Index(None, "state", "settled_at"),
        Index(None, "state", "offered_at"),
        Index(None, "revoked_at"),
        Index(None, "ends_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    kind: Mapped[str] = mapped_column(String(32), default=AGENT)
    state: Mapped[str] = mapped_column(String(16), default=OFFERED)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    """Whose it is, once it was accepted."""
    agent_name: Mapped[str] = mapped_column(Sealed("real_name"))
    """Whom it was offered to: the real name they must have ..."""
    phone: Mapped[str | None] = mapped_column(Sealed("phone"))
    phone_index: Mapped[str | None] = mapped_column(BlindIndex("phone"))
    """... and the number they are found by, until they have accepted or declined."""
    granted_by: Mapped[str | None] = mapped_column(ForeignKey("mandate.id"), index=True)
    """The mandate it was granted under; ends with it. None: the law's own."""
    depth: Mapped[int] = mapped_column(default=0)
    """How often it was passed on: 0 for the law's own."""
    functions: Mapped[list[str]] = mapped_column(JSON, default=list)
    client_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Relying parties it holds for; empty: all."""
    may_delegate: Mapped[bool] = mapped_column(default=False)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was accepted or declined."""
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(64), default="")

    @property
    def in_force(self) -> bool:
        moment = now()
        begun, over = self.begins_at <= moment, self.ends_at and self.ends_at <= moment
        return self.state == ACCEPTED and begun and not over and self.organisation.active

    def holds_for(self, client_id: str) -> bool:
        return not self.client_ids or client_id in self.client_ids

    def covers(self, function: str) -> bool:
        return ALL in self.functions or function in self.functions


def add(code: str, name: str, kind: str, method: str, reference: str) -> Organisation:
    """Register an organisation, in the current transaction. Raises CodeTaken and rolls back."""
    made = Organisation(code=code, name=name, kind=kind, method=method, reference=reference)
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise CodeTaken from None
    return made


def by_code(code: str) -> Organisation | None:
    return db.session.scalar(select(Organisation).filter_by(code=code))


def page(after: str, limit: int) -> list[Organisation]:
    """By credit code, those after ``after``."""
    query = select(Organisation).where(Organisation.code > after).order_by(Organisation.code)
    return list(db.session.scalars(query.limit(limit)))


def mandate(mandate_id: str) -> Mandate | None:
    return db.session.get(Mandate, mandate_id) if mandate_id.isalnum() else None


def add_mandate(**given: Any) -> Mandate:
    """Write one, in the current transaction."""
    made = Mandate(**given)
    db.session.add(made)
    db.session.flush()
    return made


def add_representative(**given: Any) -> Mandate:
    """The law's own mandate. Raises RepresentativeThere, and rolls back."""
    try:
        return add_mandate(kind=LEGAL, state=ACCEPTED, settled_at=now(), **given)
    except IntegrityError:
        db.session.rollback()
        raise RepresentativeThere from None


def settle(offered: Mandate, state: str, account_id: str | None) -> bool:
    """Accept or decline, in the current transaction; False where it is no offer any more.

    The number it was offered to is forgotten.
    """
    return _move(offered, (OFFERED,), state=state, account_id=account_id, settled_at=now())


def end(mandates: Sequence[Mandate], reason: str) -> list[Mandate]:
    """Revoke those that have not ended, in the current transaction; returns them as they are now,
    with whoever has accepted meanwhile.
    """
    ended = {"state": REVOKED, "revoked_at": now(), "reason": reason}
    return [each for each in mandates if _move(each, (OFFERED, ACCEPTED), **ended)]


def _move(mandate: Mandate, states: Sequence[str], **values: Any) -> bool:
    forgotten = {"phone": None, "phone_index": None}
    where = Mandate.id == mandate.id, Mandate.state.in_(states)
    statement = update(Mandate).where(*where).values(**forgotten, **values)
    moved = cast(CursorResult[Any], db.session.execute(statement))
    db.session.refresh(mandate)
    return bool(moved.rowcount)


def legal_representative(organisation_id: str) -> Mandate | None:
    """The mandate of the law's own that stands."""
    return db.session.scalar(
        select(Mandate).filter_by(organisation_id=organisation_id, kind=LEGAL, state=ACCEPTED)
    )


def mandates_of(account_id: str) -> list[Mandate]:
    """Every mandate an account has accepted, the latest first."""
    query = select(Mandate).filter_by(account_id=account_id, state=ACCEPTED)
    return list(db.session.scalars(query.order_by(Mandate.settled_at.desc())))


def offers_to(phone: str) -> list[Mandate]:
    """What is offered to whoever has proven this number (E.164)."""
    query = select(Mandate).where(BlindIndex.matches(Mandate.phone_index, phone))
    return list(db.session.scalars(query.where(Mandate.state == OFFERED)))


def mandates_under(organisation_id: str) -> list[Mandate]:
    """Every mandate of an organisation that is offered or accepted, the oldest first."""
    query = select(Mandate).filter_by(organisation_id=organisation_id)
    query = query.where(Mandate.state.in_((OFFERED, ACCEPTED)))
    return list(db.session.scalars(query.order_by(Mandate.offered_at)))


def count_granted(mandate_id: str) -> int:
    """How many stand that were granted by a mandate itself, offers too."""
    query = select(func.count()).select_from(Mandate).filter_by(granted_by=mandate_id)
    return db.session.scalar(query.where(Mandate.state.in_((OFFERED, ACCEPTED)))) or 0


def granted_under(mandate_id: str) -> list[Mandate]:
    """What was delegated by a mandate, and what by those in turn; still offered or accepted."""
    found: list[Mandate] = []
    level = [mandate_id]
    while level:
        asked, level = level[:_AT_ONCE], level[_AT_ONCE:]
        query = select(Mandate).where(Mandate.granted_by.in_(asked))
        query = query.where(Mandate.state.in_((OFFERED, ACCEPTED)))
        below = list(db.session.scalars(query))
        found += below
        level += [each.id for each in below]
    return found
