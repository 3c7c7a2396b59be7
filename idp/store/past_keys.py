"""Federation keys of former times: what they signed may have to be verified years later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.store.engines import Base, db
from idp.store.types import UtcDateTime, now

SUPERSEDED, COMPROMISED = "superseded", "compromised"


class PastKey(Base):
    __tablename__ = "past_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    public: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The public JWK (RFC 7517)."""
    signed_from: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reason: Mapped[str] = mapped_column(String(16))


def add(session: Session, public: dict[str, Any], signed_from: datetime, reason: str) -> None:
    session.add(PastKey(kid=public["kid"], public=public, signed_from=signed_from, reason=reason))


def all_keys() -> Sequence[PastKey]:
    """The latest first."""
    return db.session.scalars(select(PastKey).order_by(PastKey.ended_at.desc())).all()
