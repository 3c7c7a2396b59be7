"""Trust marks: those this node gave to others, and those others gave to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, Index, String, Table, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.engines import Base, db, new_id, upsert
from idp.store.types import UtcDateTime, now

ACTIVE, REVOKED = "active", "revoked"


class GivenMark(Base):
    """That an entity bears a mark; the JWT that says so is signed anew when it is asked for."""

    __tablename__ = "given_mark"
    __table_args__ = (Index(None, "type", "subject"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    type: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    claims: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the accreditation adds, as the highest level it stands for."""
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    officer: Mapped[str] = mapped_column(String(64), default="")
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def good(self, moment: datetime) -> bool:
        return self.status == ACTIVE and (self.until is None or self.until > moment)


class HeldMark(Base):
    """A mark this node shows, as its issuer last signed it."""

    __tablename__ = "held_mark"

    type: Mapped[str] = mapped_column(String(255), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    token: Mapped[str] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def give(mark: GivenMark) -> None:
    """In the current transaction; what was given before under this type ends."""
    for former in of(mark.type, mark.subject):
        revoke(former)
    db.session.add(mark)


def revoke(mark: GivenMark) -> None:
    """In the current transaction."""
    mark.status, mark.revoked_at = REVOKED, now()


def get(mark_id: str) -> GivenMark | None:
    return db.session.get(GivenMark, mark_id, populate_existing=True)


def of(type_: str, subject: str) -> Sequence[GivenMark]:
    """Those that count now."""
    query = select(GivenMark).filter_by(type=type_, subject=subject, status=ACTIVE)
    return [mark for mark in db.session.scalars(query.order_by(GivenMark.id)) if mark.good(now())]


def of_subject(subject: str) -> Sequence[GivenMark]:
    """All there ever were, the latest first."""
    query = select(GivenMark).filter_by(subject=subject).order_by(GivenMark.id.desc())
    return db.session.scalars(query).all()


def bearers(type_: str, subject: str = "") -> list[str]:
    """Who bears a mark of this type now; "": of any."""
    query = select(GivenMark).filter_by(status=ACTIVE).order_by(GivenMark.subject)
    if type_:
        query = query.filter_by(type=type_)
    if subject:
        query = query.filter_by(subject=subject)
    found = (mark.subject for mark in db.session.scalars(query) if mark.good(now()))
    return list(dict.fromkeys(found))


def hold(type_: str, issuer: str, token: str, expires_at: datetime | None) -> None:
    """On a connection of its own."""
    row = {
        "type": type_,
        "issuer": issuer,
        "token": token,
        "fetched_at": now(),
        "expires_at": expires_at,
    }
    with Session(db.engine) as session, session.begin():
        dialect = session.connection().dialect.name
        made = upsert(cast(Table, HeldMark.__table__), dialect).values(row)
        changes = {name: row[name] for name in row if name != "type"}
        session.execute(made.on_conflict_do_update(index_elements=["type"], set_=changes))


def drop(type_: str) -> None:
    """On a connection of its own: its issuer has taken it back."""
    with Session(db.engine) as session, session.begin():
        session.execute(delete(HeldMark).filter_by(type=type_))


def held() -> Sequence[HeldMark]:
    with Session(db.engine, expire_on_commit=False) as session:
        return session.scalars(select(HeldMark).order_by(HeldMark.type)).all()
