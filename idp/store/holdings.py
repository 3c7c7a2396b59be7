"""Everything held about one account, table by table, read a batch at a time by index."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from idp.store import audit
from idp.store.accounts import AgreementAcceptance, KnownBrowser, SignIn
from idp.store.audit import AuditEvent
from idp.store.cases import Case
from idp.store.connections import Connection
from idp.store.engines import db
from idp.store.guardianships import Guardianship
from idp.store.merges import Merge
from idp.store.notices import Notice
from idp.store.numbers import NumberLoss
from idp.store.organisations import Mandate
from idp.store.paging import newer
from idp.store.reads import DataRead
from idp.store.recoveries import Recovery
from idp.store.stops import Stop
from idp.store.transfers import Transfer

__all__ = [
    "AuditEvent",
    "Case",
    "Connection",
    "DataRead",
    "Guardianship",
    "Mandate",
    "Merge",
    "NumberLoss",
    "Recovery",
    "Stop",
    "Transfer",
]

BATCH = 500


def agreements(account_id: str) -> list[AgreementAcceptance]:
    return _all(AgreementAcceptance, AgreementAcceptance.id, account_id=account_id)


def connections(account_id: str) -> list[Connection]:
    """The withdrawn ones too."""
    return _all(Connection, Connection.client_id, account_id=account_id)


def mandates(account_id: str) -> list[Mandate]:
    """Those that have ended too."""
    return _all(Mandate, Mandate.id, account_id=account_id)


def browsers(account_id: str) -> list[KnownBrowser]:
    return _all(KnownBrowser, KnownBrowser.first_at, account_id=account_id)


def cases(account_id: str) -> list[Case]:
    return _all(Case, Case.id, account_id=account_id)


def guardianships(account_id: str) -> list[Guardianship]:
    """As the child and as the guardian, ended ones too."""
    mine = _all(Guardianship, Guardianship.id, child_id=account_id)
    return mine + _all(Guardianship, Guardianship.id, guardian_id=account_id)


def lost_numbers(account_id: str) -> list[NumberLoss]:
    return _all(NumberLoss, NumberLoss.at, account_id=account_id)


def merges(account_id: str) -> list[Merge]:
    """Accounts that went into this one."""
    return _all(Merge, Merge.at, kept_id=account_id)


def sign_ins(account_id: str) -> Iterator[SignIn]:
    return _in_batches(SignIn, SignIn.account_id == account_id)


def notices(account_id: str) -> Iterator[Notice]:
    return _in_batches(Notice, Notice.account_id == account_id)


def reads(account_id: str) -> Iterator[DataRead]:
    return _in_batches(DataRead, DataRead.account_id == account_id)


def events(account_id: str) -> Iterator[AuditEvent]:
    """What they did."""
    return _in_batches(AuditEvent, audit.by(account_id))


def events_about(account_id: str) -> Iterator[AuditEvent]:
    """What others, commands included, did to the account."""
    return _in_batches(AuditEvent, audit.done_to(account_id))


def stops(account_id: str) -> list[Stop]:
    return _all(Stop, Stop.at, account_id=account_id)


def recoveries(account_id: str) -> list[Recovery]:
    return _all(Recovery, Recovery.id, account_id=account_id)


def transfers(account_id: str) -> list[Transfer]:
    return _all(Transfer, Transfer.asked_at, account_id=account_id)


def _all(table: Any, order: Any, **of: str) -> list[Any]:
    return list(db.session.scalars(select(table).filter_by(**of).order_by(order)))


def _in_batches(table: Any, mine: Any) -> Iterator[Any]:
    """By time and id; what was read is forgotten, so that memory does not grow with the rows."""
    after: Any = None
    while True:
        query = select(table).where(mine, newer(table.at, table.id, after))
        query = query.order_by(table.at, table.id).limit(BATCH)
        rows = list(db.session.scalars(query))
        yield from rows
        if len(rows) < BATCH:
            return
        after = (rows[-1].at, rows[-1].id)
        for row in rows:
            db.session.expunge(row)
