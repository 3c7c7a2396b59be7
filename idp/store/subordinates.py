"""Entities this node vouches for: their keys as they were checked, and how far each may go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db
from idp.store.types import UtcDateTime, now

WAITING, ACTIVE, SUSPENDED, WITHDRAWN = "waiting", "active", "suspended", "withdrawn"
LONGEST = 255
"""Letters of an entity identifier we keep: as long as a client's name may be."""


class Subordinate(Base):
    __tablename__ = "subordinate"
    __table_args__ = (Index(None, "status"),)

    entity_id: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=WAITING)
    name: Mapped[str] = mapped_column(String(255), default="")
    entity_types: Mapped[list[str]] = mapped_column(JSON)
    """What it says it is, as last looked at."""
    intermediate: Mapped[bool] = mapped_column(default=False)
    """Whether it vouches for others itself."""
    jwks: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The federation keys we vouch for."""
    constraints: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    metadata_policy: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Beside the policy for everybody below us."""
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    """Parameters we set for it, over its own."""
    proposed_by: Mapped[str] = mapped_column(String(64), default="")
    """The staff number of who brought it in; another one approves."""
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


def get(entity_id: str) -> Subordinate | None:
    return db.session.get(Subordinate, entity_id, populate_existing=True)


def locked(entity_id: str) -> Subordinate | None:
    """The same, for changing: others wait until this transaction ends."""
    return db.session.get(Subordinate, entity_id, populate_existing=True, with_for_update=True)


def all_of(status: str = "") -> Sequence[Subordinate]:
    query = select(Subordinate).order_by(Subordinate.entity_id)
    return db.session.scalars(query.filter_by(status=status) if status else query).all()
