"""Accounts: what signs in, and by what it is found."""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now

ACTIVE, STOPPED, CLOSED = "active", "stopped", "closed"


class Account(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    status_reason: Mapped[str] = mapped_column(String(64), default="")
    phone: Mapped[str | None] = mapped_column(Sealed("phone"))
    """E.164. Empty when the number was given up or taken over."""
    phone_index: Mapped[str | None] = mapped_column(BlindIndex("phone"), unique=True)
    phone_proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    username: Mapped[str | None] = mapped_column(String(64))
    """As the person wrote it."""
    username_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Case-folded NFKC, for look-ups."""
    password_hash: Mapped[str | None] = mapped_column(String(256))
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_closed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Too many wrong passwords from anywhere: only the password way is closed until then."""
    profile: Mapped[dict[str, Any]] = mapped_column(Sealed("profile", json=True), default=dict)
    """Standard claims the person chose to give (OIDC Core §5.1), never the legal name."""
    locale: Mapped[str] = mapped_column(String(16), default="zh-CN")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    @property
    def active(self) -> bool:
        return self.status == ACTIVE


class AgreementAcceptance(Base):
    """Which version of which agreement a person accepted, and when."""

    __tablename__ = "agreement_acceptance"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    agreement: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the text that was shown."""
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class KnownBrowser(Base):
    """A browser that has signed in to an account: strangers' failures never slow it."""

    __tablename__ = "known_browser"
    __table_args__ = (Index(None, "browser"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    browser: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(String(64), default="")
    first_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Subject(Base):
    """The name a sector knows a person by: random, pairwise, stored (OIDC Core §8.1)."""

    __tablename__ = "subject"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    sector: Mapped[str] = mapped_column(String(255), primary_key=True)
    sub: Mapped[str] = mapped_column(String(64), unique=True)


@dataclass(frozen=True)
class LastSignIn:
    at: datetime
    method: str
    terminal: str


class SignIn(Base):
    """The last sign-ins of an account, shown to the person it belongs to."""

    __tablename__ = "sign_in"
    __table_args__ = (Index(None, "account_id", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    methods: Mapped[list[str]] = mapped_column(JSON, default=list)
    terminal: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str | None] = mapped_column(Sealed("address"))
    outcome: Mapped[str] = mapped_column(String(16), default="ok")
    client_id: Mapped[str] = mapped_column(String(255), default="")


def by_id(account_id: str) -> Account | None:
    return db.session.get(Account, account_id)


def by_phone(phone: str) -> Account | None:
    """``phone`` in E.164."""
    return db.session.scalar(select(Account).where(BlindIndex.matches(Account.phone_index, phone)))


def by_username(username: str) -> Account | None:
    return db.session.scalar(select(Account).filter_by(username_key=username_key(username)))


def username_key(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().casefold()


def is_active(account_id: str) -> bool:
    """Asked of SQL each time: never an answer this transaction has seen before."""
    status = db.session.scalar(select(Account.status).where(Account.id == account_id))
    return status == ACTIVE


def note_sign_in(
    account_id: str, methods: tuple[str, ...], browser: str, terminal: str, client_id: str
) -> None:
    """Remember the sign-in and the browser, in the caller's transaction."""
    row = SignIn(
        account_id=account_id, methods=list(methods), terminal=terminal, client_id=client_id
    )
    db.session.add(row)
    known = db.session.get(KnownBrowser, (account_id, browser))
    if known is None:
        db.session.add(KnownBrowser(account_id=account_id, browser=browser, terminal=terminal))
    else:
        known.last_at, known.terminal = now(), terminal


def last_sign_ins(account_id: str, limit: int = 2) -> list[SignIn]:
    query = select(SignIn).filter_by(account_id=account_id).order_by(SignIn.at.desc())
    return list(db.session.scalars(query.limit(limit)))


def knows_browser(account_id: str, browser: str) -> bool:
    return db.session.get(KnownBrowser, (account_id, browser)) is not None


def subject(account_id: str, sector: str) -> str:
    """The pairwise ``sub`` of an account in a sector; made at first use, then kept for ever."""
    found = db.session.get(Subject, (account_id, sector))
    if found is not None:
        return found.sub
    try:
        with db.session.begin_nested():
            made = Subject(account_id=account_id, sector=sector, sub=secrets.token_urlsafe(24))
            db.session.add(made)
        db.session.commit()
    except IntegrityError:  # another tab was first
        db.session.expire_all()
        return db.session.get_one(Subject, (account_id, sector)).sub
    return made.sub
