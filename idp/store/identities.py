"""Verified real names: whose an account really is, and on what evidence.

An account has at most one current identity, and a document at most one account that has it:
two unique indexes decide, so of two tabs that finish at once one is told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.accounts import Account
from idp.store.engines import Base, db, new_id
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now
from idp.store.uniqueness import is_only

CURRENT, DISPLACED, ENDED = "current", "displaced", "ended"
"""``displaced``: another account has shown stronger evidence for the same document."""


class DocumentTaken(Exception):
    """The document belongs to another account's current identity."""


class Identity(Base):
    __tablename__ = "identity"
    __table_args__ = (Index(None, "account_id", "status"), Index(None, "ended_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    holder: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The account again while this is its current identity: that there is one only."""
    status: Mapped[str] = mapped_column(String(16), default=CURRENT)
    kind: Mapped[str] = mapped_column(String(32))
    """What kind of document: a key of ``config/documents.toml``."""
    document: Mapped[str] = mapped_column(Sealed("document"))
    """Kind and number as the person is found by them."""
    document_index: Mapped[str | None] = mapped_column(BlindIndex("document"), unique=True)
    """Empty once the identity is not current any more."""
    number: Mapped[str] = mapped_column(Sealed("id_number"))
    """As the document writes it; of a network credential, what the platform calls its holder."""
    real_name: Mapped[str] = mapped_column(Sealed("real_name"))
    """Empty where a network credential was shown: then nobody tells us the name."""
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(64), default="")
    """Why it ended."""

    @property
    def current(self) -> bool:
        return self.status == CURRENT


class Evidence(Base):
    """One verification that matched: who compared what, when, and their number for it.

    Never what was shown for it: no picture, no copy of a document.
    """

    __tablename__ = "evidence"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    identity_id: Mapped[str] = mapped_column(ForeignKey("identity.id"), index=True)
    method: Mapped[str] = mapped_column(String(32))
    verifier: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(128), default="")
    ial: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lasts_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When it stops counting; never, where the node sets no term."""
    void_since: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """Since when it counts no more, because somebody decided so."""
    void_reason: Mapped[str] = mapped_column(String(256), default="")

    @property
    def counts(self) -> bool:
        lasting = self.lasts_until is None or self.lasts_until > now()
        return lasting and self.void_since is None


@dataclass(frozen=True, slots=True)
class Person:
    """A name and a document that a verifier has confirmed."""

    name: str
    kind: str
    number: str
    document: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verifier has confirmed it by."""

    method: str
    verifier: str
    reference: str
    ial: int
    lasts_until: datetime | None = None


def of(account_id: str) -> Identity | None:
    """The current identity of an account, as it is now."""
    return _now(select(Identity).where(Identity.holder == account_id))


def having(document: str) -> Identity | None:
    """The current identity with this document, whosever it is now."""
    return _now(select(Identity).where(BlindIndex.matches(Identity.document_index, document)))


def account_having(document: str) -> Account | None:
    """Whose the document is, in one question if it is nobody's, too."""
    held = Account.id == Identity.holder
    query = select(Account).join(Identity, held)
    return db.session.scalar(query.where(BlindIndex.matches(Identity.document_index, document)))


def bind(account: Account, person: Person) -> Identity:
    """Give the account its identity, in the current transaction.

    Raises DocumentTaken, also where another tab of the account was first, and rolls back.
    """
    identity = Identity(
        account_id=account.id,
        holder=account.id,
        kind=person.kind,
        document=person.document,
        document_index=person.document,
        number=person.number,
        real_name=person.name,
    )
    db.session.add(identity)
    _flush(person.document)
    return identity


def release(identity: Identity, status: str, reason: str) -> None:
    """End an identity, in the current transaction; what it was stays on record."""
    identity.status, identity.reason, identity.ended_at = status, reason, now()
    identity.holder = identity.document_index = None
    db.session.flush()


def take_back(identity: Identity) -> None:
    """Make an ended identity current again. Raises DocumentTaken and rolls back."""
    identity.status, identity.reason, identity.ended_at = CURRENT, "", None
    identity.holder, identity.document_index = identity.account_id, identity.document
    _flush(identity.document)


def add_evidence(identity: Identity, proof: Proof) -> Evidence:
    """Record a verification, in the current transaction."""
    evidence = Evidence(
        identity_id=identity.id,
        method=proof.method,
        verifier=proof.verifier,
        reference=proof.reference[:128],
        ial=proof.ial,
        lasts_until=proof.lasts_until,
    )
    db.session.add(evidence)
    db.session.flush()
    return evidence


def evidence_of(identity: Identity) -> list[Evidence]:
    """Every verification, the latest first."""
    query = select(Evidence).filter_by(identity_id=identity.id).order_by(Evidence.at.desc())
    return list(db.session.scalars(query))


def void_above(identity: Identity, ial: int, reason: str) -> None:
    """Let evidence of more than ``ial`` count no more, in the current transaction."""
    for each in evidence_of(identity):
        if each.ial > ial and each.void_since is None:
            each.void_since, each.void_reason = now(), reason
    db.session.flush()


def void_since(identity: Identity, moment: datetime, reason: str) -> None:
    """Let evidence added at ``moment`` or later count no more, in the current transaction."""
    for each in evidence_of(identity):
        if each.at >= moment and each.void_since is None:
            each.void_since, each.void_reason = now(), reason
    db.session.flush()


def past_of(account_id: str) -> list[Identity]:
    """Identities the account once had, the latest first."""
    query = select(Identity).filter_by(account_id=account_id).where(Identity.holder.is_(None))
    return list(db.session.scalars(query.order_by(Identity.ended_at.desc())))


def grade(account: Account, identity: Identity | None) -> None:
    """Write down with the account what its evidence is worth, and until when that holds."""
    standing = [e for e in evidence_of(identity) if e.counts] if identity else []
    account.ial = max((e.ial for e in standing), default=1)
    best = [e.lasts_until for e in standing if e.ial == account.ial]
    account.ial_until = None if None in best or not best else max(cast(list[datetime], best))


def _now(query: Select[Identity]) -> Identity | None:
    """As it is in the database, also where it was read before: a merge hands the same row on."""
    return db.session.scalar(query.execution_options(populate_existing=True))


def _flush(document: str) -> None:
    if not is_only(Identity.document_index, document):
        raise DocumentTaken
