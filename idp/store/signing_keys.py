"""The signing keys' table: private parts sealed, one row for each generation of an algorithm."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.errors import EngineUnavailable
from idp.store.engines import Base, db
from idp.store.types import Sealed, UtcDateTime, now


class SigningKey(Base):
    """When it signs follows from ``signs_from`` alone, so that every process agrees."""

    __tablename__ = "signing_key"
    # Two processes that make the same generation: one of them loses, and uses the other's.
    __table_args__ = (UniqueConstraint("alg", "generation"),)

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    alg: Mapped[str] = mapped_column(String(16))
    """The lane it belongs to; the provider's own are named as their algorithms."""
    generation: Mapped[int] = mapped_column(Integer)
    private: Mapped[dict[str, Any]] = mapped_column(Sealed("signing_key", json=True))
    """The private JWK (RFC 7517)."""
    signs_from: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class AlreadyMade(Exception):
    """Another process made this generation first."""


def all_keys() -> Sequence[SigningKey]:
    """Every key, oldest first; on a connection of its own, beside the caller's transaction."""
    try:
        with Session(db.engine, expire_on_commit=False) as session:
            query = select(SigningKey).order_by(SigningKey.alg, SigningKey.generation)
            return session.scalars(query).all()
    except SQLAlchemyError as error:
        raise EngineUnavailable from error


@contextmanager
def changing() -> Iterator[Session]:
    """A transaction of its own; AlreadyMade when another process was first."""
    try:
        with Session(db.engine) as session, session.begin():
            yield session
    except IntegrityError:
        raise AlreadyMade from None


def latest(session: Session, alg: str) -> tuple[int, datetime | None]:
    """The newest generation of ``alg`` and since when it signs; 0 when there is none."""
    query = select(SigningKey.generation, SigningKey.signs_from).filter_by(alg=alg)
    row = session.execute(query.order_by(SigningKey.generation.desc()).limit(1)).first()
    return (row[0], row[1]) if row else (0, None)


def begin(session: Session, kid: str, moment: datetime) -> None:
    """Let a key sign from ``moment`` on."""
    session.get_one(SigningKey, kid).signs_from = moment


def remove(session: Session, kids: Sequence[str]) -> None:
    session.execute(delete(SigningKey).where(SigningKey.kid.in_(kids)))
