"""Guardians who agreed that a child's real name is processed: one at a time answers for a child."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import Sealed, UtcDateTime, now

CONSENTED, ACTIVE, ENDED = "consented", "active", "ended"
"""``consented``: the hall has yet to see who they are to each other."""


class ChildTaken(Exception):
    """A guardian's consent stands for the child: another tab, or the other parent, was first."""


class Guardianship(Base):
    __tablename__ = "guardianship"
    __table_args__ = (
        Index(None, "child_id"),
        Index(None, "guardian_id"),
        Index(None, "case_code"),
        Index(None, "ended_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    child_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    guardian_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    ward: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The child again while this stands: that there is one only."""
    case_code: Mapped[str] = mapped_column(String(16))
    """The child's case, which the hall confirms or refuses."""
    relation: Mapped[str] = mapped_column(String(16))
    """What the guardian is to the child: a key of ``guardians.RELATIONS``."""
    born: Mapped[str] = mapped_column(Sealed("birthdate"))
    """The child's day of birth (ISO 8601): from fourteen on nobody's consent is needed."""
    state: Mapped[str] = mapped_column(String(16), default=CONSENTED)
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the hall has seen both of them, and their papers."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(64), default="")
    """Why it ended."""

    @property
    def active(self) -> bool:
        return self.state == ACTIVE

    @property
    def born_on(self) -> date:
        return date.fromisoformat(self.born)


def add(child_id: str, guardian_id: str, case_code: str, relation: str, born: date) -> Guardianship:
    """Record a consent, in the current transaction. Raises ChildTaken and rolls back."""
    made = Guardianship(
        child_id=child_id,
        guardian_id=guardian_id,
        ward=child_id,
        case_code=case_code,
        relation=relation,
        born=born.isoformat(),
    )
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise ChildTaken from None
    return made


def get(guardianship_id: str) -> Guardianship | None:
    return db.session.get(Guardianship, guardianship_id, populate_existing=True)


def standing_of(child_id: str) -> Guardianship | None:
    """The one that has not ended."""
    return db.session.scalar(select(Guardianship).filter_by(ward=child_id))


def latest_of(child_id: str) -> Guardianship | None:
    """The one that stands, else the last that did."""
    query = select(Guardianship).filter_by(child_id=child_id)
    return db.session.scalars(query.order_by(Guardianship.id.desc()).limit(1)).first()


def of_guardian(guardian_id: str) -> list[Guardianship]:
    """Those that stand, the oldest first."""
    query = select(Guardianship).filter_by(guardian_id=guardian_id)
    query = query.where(Guardianship.ward.is_not(None))
    return list(db.session.scalars(query.order_by(Guardianship.id)))


def of_case(case_code: str) -> Guardianship | None:
    """The consent that stands for a case."""
    query = select(Guardianship).filter_by(case_code=case_code)
    return db.session.scalars(query.where(Guardianship.ward.is_not(None))).first()


def begin(found: Guardianship) -> bool:
    """Let the consent count, in the current transaction. False: it was withdrawn meanwhile."""
    begun = update(Guardianship).filter_by(id=found.id, state=CONSENTED)
    begun = begun.values(state=ACTIVE, begun_at=now()).returning(Guardianship.id)
    return bool(db.session.execute(begun).first())


def end(found: Guardianship, reason: str) -> bool:
    """End it, in the current transaction. False: somebody else was first."""
    ended = update(Guardianship).filter_by(id=found.id).where(Guardianship.ward.is_not(None))
    ended = ended.values(state=ENDED, ward=None, ended_at=now(), reason=reason)
    done = bool(db.session.execute(ended.returning(Guardianship.id)).first())
    db.session.refresh(found)
    return done


def end_of_child(child_id: str, reason: str) -> None:
    """End the one that stands for a child, in the current transaction."""
    found = standing_of(child_id)
    if found is not None:
        end(found, reason)


def end_of_case(case_code: str, reason: str) -> None:
    """End a consent whose case comes to nothing, in the current transaction."""
    found = of_case(case_code)
    if found is not None and not found.active:
        end(found, reason)


def move(from_id: str, to_id: str, only: Collection[str] | None = None) -> list[str]:
    """Hand what stands over to another account, be it the child's or the guardian's, in the
    current transaction; returns the ids. ``only`` these; None: all that the other may take.
    """
    query = select(Guardianship).where(Guardianship.ward.is_not(None))
    query = query.where(Guardianship.id.in_(only)) if only is not None else query
    found = list(db.session.scalars(query.filter_by(guardian_id=from_id)))
    for each in found:
        each.guardian_id = to_id
    if standing_of(to_id) is None:
        for each in db.session.scalars(query.filter_by(child_id=from_id)):
            each.child_id = each.ward = to_id
            found.append(each)
    db.session.flush()
    return [each.id for each in found]
