"""Two accounts of one person made one: what was moved, so that it can be moved back."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store import cases, guardianships
from idp.store.accounts import (
    ACTIVE,
    Account,
    Subject,
    by_phone,
    by_username,
    username_key,
)
from idp.store.connections import Connection
from idp.store.engines import Base, db, new_id
from idp.store.identities import Identity, void_since
from idp.store.identities import of as of_account
from idp.store.linked import LinkedAccount
from idp.store.organisations import Mandate
from idp.store.passkeys import Passkey
from idp.store.peer_links import PeerLink
from idp.store.totps import Totp
from idp.store.types import Sealed, UtcDateTime, now

_FACTORS: dict[str, Any] = {
    "passkeys": Passkey,
    "totps": Totp,
    "linked": LinkedAccount,
    "peers": PeerLink,
}
"""What somebody signs in with goes along: they have shown both accounts to be theirs."""
MERGED = "merged"
"""The state of an account that went into another: it never signs in."""
_CALLED = ("phone", "username")
_STILL_UNDOING = timedelta(hours=1)
"""An undo that began in time may still be at work when the time is over."""


class Merge(Base):
    __tablename__ = "account_merge"
    __table_args__ = (
        Index(None, "kept_id"),
        Index(None, "gone_id"),
        Index(None, "forgotten_at", "undo_until"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kept_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    gone_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    undo_until: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moved: Mapped[dict[str, Any]] = mapped_column(Sealed("merge", json=True), default=dict)
    """By kind: the ids of what changed hands, and until it is forgotten what the account was
    called.
    """
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def undoable(self) -> bool:
        return self.undone_at is None and self.undo_until > now()

    @property
    def lost(self) -> list[str]:
        """What could not be given back when it was undone."""
        return list(self.moved.get("lost", ()))


def known_twice(kept_id: str, gone_id: str) -> list[str]:
    """Sectors that know both accounts, each by a ``sub`` of its own."""
    both = select(Subject.sector).where(Subject.account_id == kept_id)
    query = select(Subject.sector).where(Subject.account_id == gone_id, Subject.sector.in_(both))
    return sorted(db.session.scalars(query))


def merge(kept: Account, gone: Account, prefer: set[str], undo_for: timedelta) -> Merge:
    """Move what ``gone`` has to ``kept``, in the current transaction; both are held.

    ``prefer``: sectors in which the ``sub`` of ``gone`` stays. What both have stays with each.
    """
    twice = set(known_twice(kept.id, gone.id))
    moved: dict[str, Any] = {
        "phone": gone.phone,
        "username": gone.username,
        "sectors": _move_subjects(kept.id, gone.id, twice),
        "swapped": sorted(twice & prefer),
        "clients": _move_connections(kept.id, gone.id),
        "identities": _move_identity(kept.id, gone.id),
        "mandates": _move(Mandate, gone.id, kept.id),
        "cases": [each.code for each in cases.move(gone.id, kept.id)],
        "guardianships": guardianships.move(gone.id, kept.id),
        "factors": {name: _move(table, gone.id, kept.id) for name, table in _FACTORS.items()},
        "status": [gone.status, gone.status_reason],
    }
    for sector in moved["swapped"]:
        _swap(kept.id, gone.id, sector)
    gone.phone = gone.phone_index = gone.username = gone.username_key = None
    gone.status, gone.status_reason = MERGED, "merged"
    made = Merge(kept_id=kept.id, gone_id=gone.id, undo_until=now() + undo_for, moved=moved)
    db.session.add(made)
    db.session.flush()
    return made


def undo(merge: Merge, kept: Account, gone: Account) -> list[str]:
    """Move everything back, in the current transaction. Returns what could not be given back:
    ``phone`` or ``username``, which somebody else has taken meanwhile, and ``identity`` where the
    document has gone to somebody else.
    """
    moved = merge.moved
    for sector in moved["swapped"]:
        _swap(kept.id, gone.id, sector)
    _rehome(Subject, Subject.sector.in_(moved["sectors"]), kept.id, gone.id)
    _rehome(Connection, Connection.client_id.in_(moved["clients"]), kept.id, gone.id)
    _rehome(Mandate, Mandate.id.in_(moved["mandates"]), kept.id, gone.id)
    cases.move(kept.id, gone.id, moved["cases"])
    guardianships.move(kept.id, gone.id, moved.get("guardianships", ()))
    for name, ids in moved.get("factors", {}).items():
        _rehome(_FACTORS[name], _FACTORS[name].id.in_(ids), kept.id, gone.id)
    named = select(Identity).where(Identity.id.in_(moved["identities"]))
    for identity in db.session.scalars(named):
        identity.account_id = gone.id
        identity.holder = gone.id if identity.current else None
        void_since(identity, merge.at, "merge_undone")
    gone.status, gone.status_reason = moved.get("status", (ACTIVE, ""))
    merge.undone_at = now()
    db.session.flush()
    lost = [name for name in _CALLED if not _given_back(gone, name, moved[name])]
    lost += ["identity"] if moved["identities"] and of_account(gone.id) is None else []
    merge.moved = moved | {"lost": lost}
    return lost


def forget(limit: int) -> int:
    """Forget what the accounts were called where it can be undone no more, in the current
    transaction; returns of how many. Ids stay.
    """
    over = now() - _STILL_UNDOING
    query = select(Merge).where(Merge.forgotten_at.is_(None), Merge.undo_until < over)
    found = list(db.session.scalars(query.order_by(Merge.undo_until).limit(limit)))
    for each in found:
        each.moved = {kind: ids for kind, ids in each.moved.items() if kind not in _CALLED}
        each.forgotten_at = now()
    return len(found)


def of(account_id: str) -> list[Merge]:
    """Every merge an account was part of, undone ones too, the latest first."""
    mine = (Merge.kept_id == account_id) | (Merge.gone_id == account_id)
    return list(db.session.scalars(select(Merge).where(mine).order_by(Merge.at.desc())))


def _move_subjects(kept_id: str, gone_id: str, twice: set[str]) -> list[str]:
    query = select(Subject.sector).where(Subject.account_id == gone_id)
    sectors = [each for each in db.session.scalars(query) if each not in twice]
    _rehome(Subject, Subject.sector.in_(sectors), gone_id, kept_id)
    return sectors


def _move_connections(kept_id: str, gone_id: str) -> list[str]:
    has = set(db.session.scalars(select(Connection.client_id).filter_by(account_id=kept_id)))
    query = select(Connection.client_id).filter_by(account_id=gone_id)
    clients = [each for each in db.session.scalars(query) if each not in has]
    _rehome(Connection, Connection.client_id.in_(clients), gone_id, kept_id)
    return clients


def _move_identity(kept_id: str, gone_id: str) -> list[str]:
    if db.session.scalar(select(Identity.id).filter_by(holder=kept_id)) is not None:
        return []
    found = db.session.scalar(select(Identity).filter_by(holder=gone_id))
    if found is None:
        return []
    found.account_id = found.holder = kept_id
    db.session.flush()
    return [found.id]


def _move(table: Any, from_id: str, to_id: str) -> list[str]:
    found = list(db.session.scalars(select(table.id).filter_by(account_id=from_id)))
    _rehome(table, table.id.in_(found), from_id, to_id)
    return found


def _rehome(table: Any, which: Any, from_id: str, to_id: str) -> None:
    statement = update(table).where(table.account_id == from_id, which)
    db.session.execute(statement.values(account_id=to_id))


def _swap(one_id: str, other_id: str, sector: str) -> None:
    """Exchange the two names a sector has; a third stands in, for each may be there once only."""
    one, other = (_subject(each, sector) for each in (one_id, other_id))
    mine, theirs = one.sub, other.sub
    for subject, sub in ((one, secrets.token_urlsafe(24)), (other, mine), (one, theirs)):
        subject.sub = sub
        db.session.flush()


def _subject(account_id: str, sector: str) -> Subject:
    return db.session.scalars(select(Subject).filter_by(account_id=account_id, sector=sector)).one()


def _given_back(gone: Account, name: str, value: str | None) -> bool:
    if value is None:
        return True
    if (by_phone if name == "phone" else by_username)(value) is not None:
        return False
    try:
        with db.session.begin_nested():
            if name == "phone":
                gone.phone = gone.phone_index = value
            else:
                gone.username, gone.username_key = value, username_key(value)
            db.session.flush()
    except IntegrityError:  # taken in this very moment
        return False
    return True
