"""Passkeys: public keys that sign in for an account (WebAuthn Level 3, §4)."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    ForeignKey,
    String,
    Text,
    delete,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import UtcDateTime, now


class PasskeyTaken(Exception):
    """The credential is registered already, with this account or another."""


class Passkey(Base):
    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[str] = mapped_column(String(1366), unique=True)
    """Base64url of what the authenticator calls it: up to 1023 bytes."""
    user_handle: Mapped[str] = mapped_column(String(86))
    """Base64url of the random name, of 64 bytes, that the authenticator knows the account by."""
    public_key: Mapped[str] = mapped_column(Text)
    """Base64url of the COSE key."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    backup_eligible: Mapped[bool]
    """Whether it may be copied to other devices; never changes."""
    backed_up: Mapped[bool]
    attested: Mapped[bool]
    """Whether a trusted maker vouched for its hardware when it was made."""
    aaguid: Mapped[str] = mapped_column(String(36))
    """The model of the authenticator, as far as it tells."""
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    name: Mapped[str] = mapped_column(String(64))
    """What the person calls it."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    copied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its counter went back: there are two of them, and neither signs in any more."""

    @property
    def hardware(self) -> bool:
        """Whether it cannot leave its device, and a trusted maker says so (aal3)."""
        return self.attested and not self.backup_eligible


def add(passkey: Passkey) -> None:
    """In the current transaction. Raises PasskeyTaken, which rolls it back."""
    db.session.add(passkey)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise PasskeyTaken from None


def get(account_id: str, passkey_id: str) -> Passkey | None:
    """One of the account's own."""
    return db.session.scalar(select(Passkey).filter_by(account_id=account_id, id=passkey_id))


def of(account_id: str) -> list[Passkey]:
    """The oldest first; those that were copied too."""
    query = select(Passkey).filter_by(account_id=account_id).order_by(Passkey.id)
    return list(db.session.scalars(query))


def usable(account_id: str) -> list[Passkey]:
    return [each for each in of(account_id) if each.copied_at is None]


def by_credential(credential_id: str) -> Passkey | None:
    query = select(Passkey).filter_by(credential_id=credential_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def used(passkey: Passkey, sign_count: int, *, backed_up: bool) -> bool:
    """Move the counter on, in the current transaction. False: somebody used it just now, or it
    was found copied or taken away.
    """
    mine = update(Passkey).filter_by(id=passkey.id, sign_count=passkey.sign_count, copied_at=None)
    values: dict[str, Any] = {"sign_count": sign_count, "backed_up": backed_up, "used_at": now()}
    return _changed(mine.values(**values))


def found_copied(passkey: Passkey) -> bool:
    """Close it for good, in the current transaction. False: that was done before."""
    mine = update(Passkey).filter_by(id=passkey.id, copied_at=None)
    return _changed(mine.values(copied_at=now()))


def remove(passkey: Passkey) -> bool:
    """In the current transaction. False: another tab was first."""
    return _changed(delete(Passkey).filter_by(id=passkey.id))


def _changed(statement: Any) -> bool:
    return cast(CursorResult[Any], db.session.execute(statement)).rowcount == 1
