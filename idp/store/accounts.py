"""Accounts: what signs in, and by what it is found."""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    bindparam,
    false,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, add_if_new, connection, db, new_id
from idp.store.paging import PageEnd, older
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now
from idp.store.uniqueness import is_only

ACTIVE, STOPPED, FROZEN, CLOSED = "active", "stopped", "frozen", "closed"
"""``frozen``: its number has gone and it has no other way in; it closes after a while."""
CLOSING = "closing"
"""Its holder asked to close it; until it is erased a sign-in can take that back."""


class PhoneTaken(Exception):
    """The number belongs to an account already."""


class UsernameTaken(Exception):
    """The user name belongs to an account already."""


class Account(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    status_reason: Mapped[str] = mapped_column(String(64), default="")
    phone: Mapped[str | None] = mapped_column(Sealed("phone"))
    """E.164. Empty when the number was given up or taken over."""
    phone_index: Mapped[str | None] = mapped_column(BlindIndex("phone"), unique=True)
    phone_proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    number_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the number took the place of another one; empty for the first."""
    username: Mapped[str | None] = mapped_column(String(64))
    """As the person wrote it."""
    username_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Case-folded NFKC, for look-ups."""
    password_hash: Mapped[str | None] = mapped_column(String(256))
    password_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_settles_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set by who had proven the phone alone: until then it is no second factor beside the phone."""
    two_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its holder wants two factors of different kinds at every sign-in."""
    password_closed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Too many wrong passwords from anywhere: only the password way is closed until then."""
    profile: Mapped[dict[str, Any]] = mapped_column(Sealed("profile", json=True), default=dict)
    """Standard claims the person chose to give (OIDC Core §5.1), never the legal name."""
    ial: Mapped[int] = mapped_column(default=1, server_default="1")
    """What the evidence for its identity is worth (``store.identities``) ..."""
    ial_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """... and until when; never ends where empty."""
    locale: Mapped[str] = mapped_column(String(16), default="zh-CN")
    """The language last chosen while signed in."""
    elder: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its holder reads pages in the elder mode."""
    notices_off: Mapped[list[str] | None] = mapped_column(JSON)
    """Which notices its holder does without (``notices.OPTIONAL``)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    @property
    def standing_ial(self) -> int:
        """``ial`` while it holds; ``levels.of`` says what is left when it does not."""
        return 1 if self.ial_until is not None and self.ial_until <= now() else self.ial

    @property
    def password_settled(self) -> bool:
        return self.password_settles_at is None or self.password_settles_at <= now()

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
    __table_args__ = (Index(None, "browser"), Index(None, "last_at"))

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
    region: Mapped[str | None] = mapped_column(String(64))
    """Where its address was said to be; "" where the table did not know, empty without a table."""
    outcome: Mapped[str] = mapped_column(String(16), default="ok")
    client_id: Mapped[str] = mapped_column(String(255), default="")


# Made once: building a statement each time costs as much as asking it.
_ACCEPTANCE = cast(Table, AgreementAcceptance.__table__)
_ACCEPTED = select(_ACCEPTANCE.c.agreement, _ACCEPTANCE.c.version).where(
    _ACCEPTANCE.c.account_id == bindparam("account")
)
_CALLED = select(Account).where(Account.username_key == bindparam("key"))
_SUBJECT = cast(Table, Subject.__table__)
_SUB = (
    select(_SUBJECT.c.sub)
    .where(_SUBJECT.c.account_id == bindparam("account_id"))
    .where(_SUBJECT.c.sector == bindparam("sector"))
)


def by_id(account_id: str) -> Account | None:
    return db.session.get(Account, account_id)


def hold(*account_ids: str) -> list[Account]:
    """The accounts as they are now, in this order; nobody changes them before the transaction
    is over.
    """
    mine = Account.id.in_(account_ids)
    if db.session.get_bind().dialect.name == "sqlite":  # which knows no FOR UPDATE, but one writer
        unchanged = {"id": Account.id, "updated_at": Account.updated_at}
        alone = update(Account).where(mine).values(unchanged)
        db.session.execute(alone.execution_options(synchronize_session=False))
    query = select(Account).where(mine).order_by(Account.id)
    held = query.with_for_update().execution_options(populate_existing=True)
    found = {each.id: each for each in db.session.scalars(held)}
    return [found[each] for each in account_ids if each in found]


def by_phone(phone: str) -> Account | None:
    """``phone`` in E.164."""
    keys = BlindIndex.keys(Account.phone_index, phone)
    return db.session.scalar(_having_number(len(keys)), keys)


@cache
def _having_number(keys: int) -> Select[Account]:
    return select(Account).where(BlindIndex.is_one_of(Account.phone_index, keys))


def by_username(username: str) -> Account | None:
    key = username_key(username)
    if not key.isprintable():  # PostgreSQL refuses NUL, and nobody is called so
        return None
    return db.session.scalar(_CALLED, {"key": key})


def username_key(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().casefold()


@dataclass(frozen=True)
class NewAccount:
    """What an account begins with. Everything but the number is the person's choice."""

    phone: str
    username: str = ""
    password_hash: str | None = None
    locale: str = "zh-CN"


def add(new: NewAccount) -> Account:
    """Open an account in the current transaction. Raises PhoneTaken or UsernameTaken.

    Both unique indexes decide, so of two tabs that finish at once one is told. Either failure
    rolls the transaction back.
    """
    account = Account(
        phone=new.phone,
        phone_index=new.phone,
        phone_proven_at=now(),
        password_hash=new.password_hash,
        password_set_at=now() if new.password_hash else None,
        locale=new.locale,
    )
    db.session.add(account)
    _flush_number(new.phone)
    if new.username:
        rename(account, new.username)
    return account


def add_guest(locale: str) -> Account:
    """Open an account without a way in of its own, in the current transaction: who holds it comes
    by another node.
    """
    account = Account(locale=locale)
    db.session.add(account)
    db.session.flush()
    return account


def rename(account: Account, username: str) -> None:
    """Give a user name, in the current transaction. Raises UsernameTaken and rolls back."""
    account.username, account.username_key = username, username_key(username)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise UsernameTaken from None


def give_number(account: Account, phone: str) -> None:
    """Bind a number just proven, in the current transaction. Raises PhoneTaken, rolls back."""
    account.phone = account.phone_index = phone
    account.phone_proven_at = account.number_since = now()
    _flush_number(phone)


def _flush_number(phone: str) -> None:
    if not is_only(Account.phone_index, phone):
        raise PhoneTaken


def give_password(account: Account, password_hash: str, settles: timedelta | None = None) -> None:
    """``settles``: how long it counts for nothing beside the phone, whose proof alone set it."""
    account.password_hash, account.password_set_at = password_hash, now()
    account.password_closed_until = None
    if settles is not None:
        account.password_settles_at = now() + settles


def prove_number(account: Account) -> None:
    account.phone_proven_at = now()


def lapsed(account: Account, trusted_for: timedelta) -> bool:
    """Whether the last proof of the number is so old that the number may have been re-issued."""
    proven = account.phone_proven_at
    return proven is None or proven < now() - trusted_for


def accepted(account_id: str) -> set[tuple[str, str]]:
    """Which agreements a person accepted, as (agreement, version)."""
    rows = connection().execute(_ACCEPTED, {"account": account_id})
    return {(agreement, version) for agreement, version in rows}


def accept(account_id: str, agreement: str, version: str, digest: str) -> None:
    """Record an acceptance in the current transaction."""
    row = AgreementAcceptance(
        account_id=account_id, agreement=agreement, version=version, digest=digest
    )
    db.session.add(row)


def last_sign_ins(account_id: str, limit: int = 2) -> list[SignIn]:
    query = select(SignIn).filter_by(account_id=account_id).order_by(SignIn.at.desc())
    return list(db.session.scalars(query.limit(limit)))


def sign_ins(account_id: str, limit: int = 50, before: PageEnd | None = None) -> list[SignIn]:
    """The latest sign-ins, the failed ones among them."""
    query = select(SignIn).where(SignIn.account_id == account_id)
    query = query.where(older(SignIn.at, SignIn.id, before))
    query = query.order_by(SignIn.at.desc(), SignIn.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def known_subject(account_id: str, sector: str) -> str | None:
    """The ``sub`` a sector has of an account, if it has one."""
    found: str | None = connection().scalar(_SUB, {"account_id": account_id, "sector": sector})
    return found


def subject(account_id: str, sector: str) -> str:
    """The pairwise ``sub`` of an account in a sector; made at first use, in the caller's
    transaction, then kept for ever.
    """
    of = {"account_id": account_id, "sector": sector}
    sql = connection()
    found: str | None = sql.scalar(_SUB, of)
    if found is not None:
        return found
    made = {**of, "sub": secrets.token_urlsafe(24)}
    first = add_if_new(_SUBJECT, made)
    # Where another tab was first, its answer is the one that is kept.
    return made["sub"] if first else str(connection().execute(_SUB, of).scalar_one())
