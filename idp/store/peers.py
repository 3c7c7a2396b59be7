"""The nodes whose people may sign in here: what the picker shows, as the worker found it last."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db
from idp.store.types import UtcDateTime, now


class Peer(Base):
    __tablename__ = "peer"

    entity_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    region: Mapped[str] = mapped_column(String(6))
    """GB/T 2260."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


def all_peers() -> Sequence[Peer]:
    return db.session.scalars(select(Peer).order_by(Peer.region, Peer.entity_id)).all()


def _shown(peer: Peer) -> tuple[str, str, str]:
    return peer.region, peer.entity_id, peer.name


def replace_all(peers: Iterable[Peer]) -> None:
    """Commits. Where they are the same nothing is written: several workers look at once."""
    listed = sorted(peers, key=lambda peer: (peer.region, peer.entity_id))
    if list(map(_shown, listed)) == list(map(_shown, all_peers())):
        return
    db.session.execute(delete(Peer))
    db.session.add_all(listed)
    db.session.commit()
