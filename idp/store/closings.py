"""Accounts whose holders asked to close them, and what is erased of an account in the end.

The account's status decides every race: one conditional update takes the request back, or begins
the erasing, never both.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from idp.store import handles, linked, peer_links
from idp.store.accounts import ACTIVE, CLOSED, CLOSING, Account, KnownBrowser, SignIn
from idp.store.cases import Case
from idp.store.connections import Connection
from idp.store.engines import Base, db
from idp.store.guardianships import Guardianship
from idp.store.identities import Evidence, Identity
from idp.store.merges import Merge
from idp.store.notices import Notice
from idp.store.numbers import NumberLoss
from idp.store.organisations import Mandate
from idp.store.passkeys import Passkey
from idp.store.reads import DataRead
from idp.store.recoveries import Recovery
from idp.store.recovery_codes import RecoveryCodes
from idp.store.stops import Stop
from idp.store.totps import Totp
from idp.store.transfers import Transfer
from idp.store.types import UtcDateTime, now

ASKED = "asked_to_close"
"""Why an account is, or is about to be, closed: its holder wants it."""
BATCH = 1000


class Closing(Base):
    """A request to close an account, gone when it is taken back; or what is left to erase of one
    that closed because its number went.
    """

    __tablename__ = "account_closing"

    account_id: Mapped[str] = mapped_column(String(32), ForeignKey("account.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """From when on it may be erased; until it is, the request can be taken back."""
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


def of(account_id: str) -> Closing | None:
    return db.session.get(Closing, account_id, populate_existing=True)


def ask(account_id: str, wait: timedelta) -> Closing | None:
    """Suspend an active account, in the current transaction. None: it is not active any more."""
    if not _turn(account_id, ACTIVE, CLOSING, ASKED):
        return None
    made = db.session.merge(Closing(account_id=account_id, asked_at=now(), closes_at=now() + wait))
    db.session.flush()
    return made


def due(account_id: str) -> None:
    """Have an account that is closed already erased at once, in the current transaction."""
    db.session.merge(Closing(account_id=account_id, asked_at=now(), closes_at=now()))
    db.session.flush()


def take_back(account_id: str) -> bool:
    """Make the account active again, in the current transaction. False: it is too late for it."""
    if not _turn(account_id, CLOSING, ACTIVE, ""):
        return False
    db.session.execute(delete(Closing).where(Closing.account_id == account_id))
    return True


def begin(account_id: str) -> bool:
    """Whether to erase: its time has come just now, in the current transaction, or it was begun
    before and not ended.
    """
    found = of(account_id)
    if found is None or found.closes_at > now() or found.erased_at is not None:
        return False
    return _turn(account_id, CLOSING, CLOSED, ASKED) or _is_closed(account_id)


def is_erased(account: Account) -> bool:
    """Whether nothing is left to be opened again."""
    return account.status == CLOSED


def merged_into(account_id: str) -> list[str]:
    """Accounts that went into this one, and into those in turn."""
    found: list[str] = []
    level = [account_id]
    while level:
        query = select(Merge.gone_id).where(Merge.kept_id.in_(level), Merge.undone_at.is_(None))
        level = [each for each in db.session.scalars(query) if each not in found]
        found += level
    return found


def erase_traces(account_id: str) -> None:
    """Delete where and whence somebody signed in; commits, a batch at a time."""
    for table, key in ((SignIn, SignIn.id), (KnownBrowser, KnownBrowser.browser)):
        mine = select(key).where(table.account_id == account_id).limit(BATCH)
        while keys := list(db.session.scalars(mine)):
            gone = delete(table).where(table.account_id == account_id, key.in_(keys))
            db.session.execute(gone)
            db.session.commit()


def erase_person(account_id: str) -> None:
    """Delete who somebody was, in the current transaction.

    What stays names nobody: the row of the account, its ``sub``s, which nobody else is ever
    given, mandates without a name, and for a while what law has kept (``tidying``).
    """
    identities = select(Identity.id).where(Identity.account_id == account_id)
    db.session.execute(delete(Evidence).where(Evidence.identity_id.in_(identities)))
    gone = (Identity, NumberLoss, Recovery, Notice, Case, DataRead, Stop, Transfer)
    for table in (*gone, Totp, RecoveryCodes, Passkey):
        db.session.execute(delete(table).where(table.account_id == account_id))
    linked.erase(account_id)
    peer_links.erase(account_id)
    handles.erase(account_id)
    db.session.execute(delete(Guardianship).where(Guardianship.child_id == account_id))
    mandates = update(Mandate).where(Mandate.account_id == account_id)
    db.session.execute(mandates.values(agent_name="", phone=None, phone_index=None))
    connected = update(Connection).where(Connection.account_id == account_id)
    withdrawn = connected.where(Connection.withdrawn_at.is_(None))
    db.session.execute(withdrawn.values(withdrawn_at=now()))
    db.session.execute(update(Account).where(Account.id == account_id).values(**_NOBODY))


def erase_merges(account_ids: list[str]) -> None:
    """Delete what was moved between accounts that are all erased, in the current transaction."""
    db.session.execute(delete(Merge).where(Merge.kept_id.in_(account_ids)))


def finish(account_id: str) -> None:
    """Note that nothing is left to erase, in the current transaction."""
    done = update(Closing).where(Closing.account_id == account_id)
    db.session.execute(done.values(erased_at=now()))


_NOBODY: dict[str, Any] = {
    "phone": None,
    "phone_index": None,
    "phone_proven_at": None,
    "notices_off": None,
    "username": None,
    "username_key": None,
    "password_hash": None,
    "password_set_at": None,
    "password_settles_at": None,
    "password_closed_until": None,
    "profile": {},
    "ial": 1,
    "ial_until": None,
    "two_factor": False,
    "elder": False,
    "locale": "zh-CN",
}


def _turn(account_id: str, before: str, after: str, reason: str) -> bool:
    """Change the status where it is still ``before``: one caller of many sees True."""
    turned = update(Account).where(Account.id == account_id, Account.status == before)
    values = {"status": after, "status_reason": reason, "updated_at": now()}
    done = db.session.execute(turned.values(**values))
    return cast(CursorResult[Any], done).rowcount == 1


def _is_closed(account_id: str) -> bool:
    query = select(Account.id).where(Account.id == account_id, Account.status == CLOSED)
    return db.session.scalar(query) is not None
