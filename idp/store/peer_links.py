"""Who a person of another node is here: by the issuer and the name it gave us for them.

The name is pairwise: made for this node alone, it says nothing to any other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import Sealed, UtcDateTime, now

ACTIVE, SUSPENDED, SEVERED = "active", "suspended", "severed"


class PeerLink(Base):
    __tablename__ = "peer_link"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index(None, "account_id"),
        Index(None, "issuer", "used_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    issuer: Mapped[str] = mapped_column(String(255))
    """The entity identifier of the node the person is at home at."""
    subject: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    """``suspended``: the home has stopped the account; ``severed``: cut here, and never made
    again by itself."""
    binding: Mapped[str] = mapped_column(String(32))
    """How it was known that both are one person: a key of ``peers.BINDINGS``."""
    level: Mapped[str] = mapped_column(String(16))
    """What the home stood for when it was made."""
    verified: Mapped[dict[str, Any] | None] = mapped_column(Sealed("peer", json=True))
    """What the home said of the person last: verified claims, and how far they count here."""
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    severed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When what the home has last said of the account happened there: older news comes too late."""


class LinkMade(Exception):
    """Another tab has linked this person just now; the transaction was rolled back."""


def find(issuer: str, subject: str) -> PeerLink | None:
    return db.session.scalar(select(PeerLink).filter_by(issuer=issuer, subject=subject))


def held(issuer: str, subject: str) -> PeerLink | None:
    """The same, for changing: others wait until this transaction ends, on SQLite too."""
    mine = {"issuer": issuer, "subject": subject}
    alone = update(PeerLink).filter_by(**mine).values(status=PeerLink.status)
    db.session.execute(alone.execution_options(synchronize_session=False))
    query = select(PeerLink).filter_by(**mine)
    return db.session.scalar(query.execution_options(populate_existing=True))


def remove(link: PeerLink) -> None:
    """In the current transaction."""
    db.session.delete(link)
    db.session.flush()


def add(link: PeerLink) -> PeerLink:
    """In the current transaction. Raises LinkMade."""
    db.session.add(link)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise LinkMade from None
    return link


def of(account_id: str) -> Sequence[PeerLink]:
    query = select(PeerLink).filter_by(account_id=account_id).order_by(PeerLink.id)
    return db.session.scalars(query).all()


def live(account_id: str) -> list[PeerLink]:
    """Those that sign in for it."""
    return [each for each in of(account_id) if each.status == ACTIVE]


def of_guest(account_id: str) -> PeerLink | None:
    """The link used last, whose home speaks for an account that no evidence is kept of here."""
    query = select(PeerLink).filter_by(account_id=account_id, status=ACTIVE)
    return db.session.scalar(query.order_by(PeerLink.used_at.desc()).limit(1))


def erase(account_id: str) -> None:
    """Every one of an account, in the current transaction."""
    db.session.execute(delete(PeerLink).filter_by(account_id=account_id))


def issuers() -> Sequence[str]:
    """The homes of everybody who is linked: few, of millions of people, so from one to the next."""
    found: list[str] = []
    least, last = select(func.min(PeerLink.issuer)), ""
    while last := db.session.scalar(least.where(PeerLink.issuer > last)) or "":
        found.append(last)
    return found


def accounts_of(issuer: str, since: datetime) -> Sequence[str]:
    """The accounts it has signed in for since."""
    query = select(PeerLink.account_id).where(PeerLink.issuer == issuer, PeerLink.used_at >= since)
    return db.session.scalars(query).all()


def get(account_id: str, link_id: str) -> PeerLink | None:
    """One of the account's own."""
    return db.session.scalar(select(PeerLink).filter_by(account_id=account_id, id=link_id))
