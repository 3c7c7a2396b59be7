"""Accounts elsewhere that sign in for an account here: a person's WeChat, their Alipay.

Whoever holds the account elsewhere names a person per app (openid), and where an operator has
several apps also across them (unionid): the unionid is found first, an app's openid else, and each
is learnt when it first appears. Both are personal data.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from idp.store.engines import Base, db, new_id
from idp.store.types import BlindIndex, Sealed, UtcDateTime, now
from idp.store.uniqueness import is_only


class LinkTaken(Exception):
    """Somebody has bound this person just now; the transaction was rolled back."""


class LinkedAccount(Base):
    __tablename__ = "linked_account"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    upstream: Mapped[str] = mapped_column(String(16))
    unionid: Mapped[str | None] = mapped_column(Sealed("unionid"))
    """Beside the name of the upstream, within which it is unique."""
    unionid_index: Mapped[str | None] = mapped_column(BlindIndex("unionid"), unique=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    openids: Mapped[list["LinkedOpenid"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True
    )


class LinkedOpenid(Base):
    """What one app calls the person."""

    __tablename__ = "linked_openid"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    linked_id: Mapped[str] = mapped_column(
        ForeignKey("linked_account.id", ondelete="CASCADE"), index=True
    )
    openid: Mapped[str] = mapped_column(Sealed("openid"))
    """Beside the names of the upstream and the app, within which it is unique."""
    openid_index: Mapped[str] = mapped_column(BlindIndex("openid"), unique=True)


def by_unionid(upstream: str, unionid: str) -> LinkedAccount | None:
    named = BlindIndex.matches(LinkedAccount.unionid_index, _union(upstream, unionid))
    return db.session.scalar(select(LinkedAccount).where(named))


def by_openid(upstream: str, app_id: str, openid: str) -> LinkedAccount | None:
    named = BlindIndex.matches(LinkedOpenid.openid_index, _open(upstream, app_id, openid))
    query = select(LinkedAccount).join(LinkedOpenid).where(named)
    return db.session.scalar(query)


def add(account_id: str, upstream: str) -> LinkedAccount:
    """In the current transaction; ``learn`` says by what it is found."""
    made = LinkedAccount(account_id=account_id, upstream=upstream)
    db.session.add(made)
    db.session.flush()
    return made


def learn(found: LinkedAccount, app_id: str, openid: str, unionid: str) -> None:
    """Remember what a person is called, in the current transaction. Raises LinkTaken."""
    if unionid and found.unionid is None:
        found.unionid = found.unionid_index = _union(found.upstream, unionid)
        if not is_only(LinkedAccount.unionid_index, _union(found.upstream, unionid)):
            raise LinkTaken
    if by_openid(found.upstream, app_id, openid) is not None:
        return
    named = _open(found.upstream, app_id, openid)
    db.session.add(LinkedOpenid(linked_id=found.id, openid=named, openid_index=named))
    if not is_only(LinkedOpenid.openid_index, named):
        raise LinkTaken


def of(account_id: str) -> list[LinkedAccount]:
    query = select(LinkedAccount).filter_by(account_id=account_id).order_by(LinkedAccount.id)
    return list(db.session.scalars(query))


def get(account_id: str, linked_id: str) -> LinkedAccount | None:
    """One of the account's own."""
    return db.session.scalar(select(LinkedAccount).filter_by(account_id=account_id, id=linked_id))


def remove(found: LinkedAccount) -> bool:
    """In the current transaction. False: another tab was first."""
    db.session.execute(delete(LinkedOpenid).filter_by(linked_id=found.id))
    gone = db.session.execute(delete(LinkedAccount).filter_by(id=found.id))
    return cast(CursorResult[Any], gone).rowcount == 1


def erase(account_id: str) -> None:
    """Every one of an account, in the current transaction."""
    for each in of(account_id):
        remove(each)


def _union(upstream: str, unionid: str) -> str:
    return f"{upstream}:{unionid}"


def _open(upstream: str, app_id: str, openid: str) -> str:
    return f"{upstream}:{app_id}:{openid}"
