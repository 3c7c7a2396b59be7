"""Notices sent to people, shown to them later; some carry a link that says: it was not me."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.paging import PageEnd, older
from idp.store.types import Sealed, UtcDateTime, now

PROMISED, SENT, NOT_SENT = "promised", "sent", "not_sent"


class Notice(Base):
    __tablename__ = "notice"
    __table_args__ = (Index(None, "account_id", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    about: Mapped[str] = mapped_column(String(32))
    """Which text it was."""
    number: Mapped[str] = mapped_column(Sealed("notice"))
    """Where it went: the account's number then, or the one it had before."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    state: Mapped[str] = mapped_column(String(16), default=PROMISED)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The digest of what stands in its link, where it has one."""
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """How long the link can be used."""
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def good(self) -> bool:
        """Whether its link can be used now."""
        return self.used_at is None and self.until is not None and self.until > now()


def add(account_id: str, about: str, number: str, token: str | None, lifetime: timedelta) -> Notice:
    """Join the current transaction; ``token`` is the digest of a link's, good for ``lifetime``."""
    until = now() + lifetime if token else None
    made = Notice(
        id=new_id(), account_id=account_id, about=about, number=number, token=token, until=until
    )
    db.session.add(made)
    return made


def settle(notice_id: str, *, sent: bool) -> None:
    """Note what became of it, in the current transaction."""
    row = update(Notice).where(Notice.id == notice_id)
    db.session.execute(row.values(state=SENT if sent else NOT_SENT))


def of(account_id: str, limit: int, before: PageEnd | None = None) -> list[Notice]:
    """Those of an account, the latest first."""
    query = select(Notice).where(Notice.account_id == account_id)
    query = query.where(older(Notice.at, Notice.id, before))
    query = query.order_by(Notice.at.desc(), Notice.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def by_token(token: str) -> Notice | None:
    return db.session.scalar(select(Notice).filter_by(token=token))


def use(notice: Notice) -> bool:
    """Use its link up, in the current transaction. False where it was used, or is over."""
    used = update(Notice).where(Notice.id == notice.id, Notice.used_at.is_(None))
    used = used.where(Notice.until > now()).values(used_at=now())
    return bool(db.session.execute(used.returning(Notice.id)).all())


def warned_since(account_id: str, moment: datetime) -> set[str]:
    """What notices with a link were about since then."""
    query = select(Notice.about).where(
        Notice.account_id == account_id, Notice.at >= moment, Notice.token.is_not(None)
    )
    return set(db.session.scalars(query))
