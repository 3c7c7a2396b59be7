"""Recovery codes of accounts: digests of one set for each account, and which of it are used."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, delete, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db, new_id
from idp.store.types import Sealed, UtcDateTime, now


class RecoveryCodes(Base):
    __tablename__ = "recovery_codes"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), primary_key=True)
    set_id: Mapped[str] = mapped_column(String(32), default=new_id)
    """Another one for every new set."""
    digests: Mapped[list[str]] = mapped_column(Sealed("recovery_codes", json=True))
    """Of each code, in the order they were shown: sealed, so that they can be re-keyed."""
    used: Mapped[int] = mapped_column(Integer, default=0)
    """A bit for each digest, the lowest for the first."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def left(self) -> int:
        return len(self.digests) - self.used.bit_count()


def of(account_id: str) -> RecoveryCodes | None:
    return db.session.get(RecoveryCodes, account_id, populate_existing=True)


def replace(account_id: str, digests: list[str]) -> RecoveryCodes:
    """A new set, which voids the old one, in the current transaction; the account is held."""
    db.session.execute(delete(RecoveryCodes).where(RecoveryCodes.account_id == account_id))
    made = RecoveryCodes(account_id=account_id, digests=digests, used=0)
    db.session.add(made)
    db.session.flush()
    return made


def use(found: RecoveryCodes, number: int) -> bool:
    """Use up the code ``number`` (from 0), in the current transaction. False: it was used before,
    or its set is void: of two at once one wins.
    """
    bit = 1 << number
    used = update(RecoveryCodes).where(
        RecoveryCodes.account_id == found.account_id,
        RecoveryCodes.set_id == found.set_id,
        RecoveryCodes.used.bitwise_and(bit) == 0,
    )
    used = used.values(used=RecoveryCodes.used + bit, used_at=now())
    used = used.returning(RecoveryCodes.set_id)
    done = bool(db.session.execute(used.execution_options(synchronize_session=False)).all())
    db.session.expire(found)
    return done
