"""Links in security notices, by which whoever has the phone says: it was not me."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import UtcDateTime, now


class NoticeLink(Base):
    __tablename__ = "notice_link"
    __table_args__ = (Index(None, "account_id", "at"), Index(None, "until"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """The digest of what stands in the address."""
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    about: Mapped[str] = mapped_column(String(32))
    """The notice it was sent with."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def good(self) -> bool:
        return self.used_at is None and self.until > now()


def add(token: str, account_id: str, about: str, lifetime: timedelta) -> NoticeLink:
    """Join the current transaction; ``token`` is a digest."""
    link = NoticeLink(token=token, account_id=account_id, about=about, until=now() + lifetime)
    db.session.add(link)
    return link


def by_token(token: str) -> NoticeLink | None:
    return db.session.scalar(select(NoticeLink).filter_by(token=token))


def use(link: NoticeLink) -> bool:
    """Use it up, in the current transaction. False where it was used, or its time is over."""
    used = update(NoticeLink).where(NoticeLink.id == link.id, NoticeLink.used_at.is_(None))
    used = used.where(NoticeLink.until > now()).values(used_at=now())
    return bool(db.session.execute(used.returning(NoticeLink.id)).all())


def told_since(account_id: str, moment: datetime) -> set[str]:
    """What notices with a link were about since then."""
    query = select(NoticeLink.about).where(
        NoticeLink.account_id == account_id, NoticeLink.at >= moment
    )
    return set(db.session.scalars(query))
