"""Filling a database: several processes seal, PostgreSQL's COPY takes what they made."""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from bench.scale import indexes, ledger, people
from bench.scale.ledger import Chunk
from bench.scale.progress import progress
from bench.scale.rows import PORTALS, Plan, Writing, tables
from idp import settings
from idp.commands.opening import FOR_PEOPLE, with_engines
from idp.crypto.errors import CryptoError
from idp.crypto.passwords import Passwords
from idp.settings import Settings
from idp.store import migrations, silence
from idp.store.accounts import Account
from idp.store.clients import Client
from idp.store.engines import db

CHUNK = 5_000
"""Accounts of one transaction."""
MANY = 50_000
"""From here on it is cheaper to build indexes once than to keep them up."""


class Refused(Exception):
    """Not here; the text says why."""


@dataclass(frozen=True)
class Filled:
    accounts: int
    rows: int
    seconds: float
    index_seconds: float

    @property
    def said(self) -> str:
        if not self.accounts:
            return "Nothing was missing."
        whole = self.seconds + self.index_seconds
        return (
            f"{self.accounts} accounts, {self.rows} rows in {whole:.1f} s: "
            f"{self.accounts / whole:.0f} accounts/s, {self.rows / whole:.0f} rows/s, "
            f"{self.index_seconds:.1f} s of it for indexes."
        )


def fill(configured: Settings, accounts: int, processes: int) -> Filled:
    """Make the first ``accounts`` people be there. What is there already stays."""
    if configured.environment == "production":
        raise Refused("These are the settings of a production node: nobody is invented there.")
    if not 0 < accounts <= people.MOST:
        raise Refused(f"Between 1 and {people.MOST} accounts can be made.")
    with with_engines(configured):
        migrations.upgrade()
        _take(configured)
        if _postgres(db.engine):
            indexes.restore(db.engine)
        with db.engine.begin() as connection:
            chunks = ledger.missing(connection, accounts, CHUNK)
        filled = _filled(configured, chunks, processes)
        if chunks:
            _analyze(db.engine)
        db.engine.dispose()
        return filled


def _filled(configured: Settings, chunks: list[Chunk], processes: int) -> Filled:
    written = sum(chunk.count for chunk in chunks)
    names = [plan.table.name for plan in tables(db.engine.dialect).values()]
    much = written >= MANY and _postgres(db.engine)
    began = time.monotonic()
    with indexes.aside(db.engine, names) if much else nullcontext():
        rows = _write(configured, chunks, processes)
        wrote = time.monotonic()
    return Filled(written, rows, wrote - began, time.monotonic() - wrote)


def load(database: str, redis: str = "") -> Settings:
    """The settings of the node in force, with the engines named."""
    store = {"database_url": database} | ({"redis_url": redis} if redis else {})
    return settings.load(**FOR_PEOPLE, store=store)


def _take(configured: Settings) -> None:
    """Make the database ours, with a password everybody shares and portals to agree with."""
    with db.engine.begin() as connection:
        ledger.open_(connection)
        if ledger.fact(connection, ledger.PASSWORD_HASH) is None:
            ledger.keep_fact(connection, ledger.PASSWORD_HASH, Passwords().hash(people.PASSWORD))
            connection.execute(insert(Client), [_portal(name) for name in PORTALS])
        _require_same_keys(connection, configured)


def _require_same_keys(connection: Connection, configured: Settings) -> None:
    try:
        connection.execute(select(Account.phone).limit(1)).all()
    except CryptoError:
        raise Refused(
            f"The accounts here were sealed with other master keys than {configured.keys_file}."
        ) from None


def _portal(name: str) -> dict[str, Any]:
    uri = f"https://{name}.example.gov.cn/callback"
    metadata = {"name": name, "redirect_uris": [uri], "scope": "openid phone"}
    return {"client_id": name, "secret_hash": "", "metadata_": metadata}


def _write(configured: Settings, chunks: list[Chunk], processes: int) -> int:
    rows = 0
    with progress(sum(chunk.count for chunk in chunks)) as tell:
        for chunk, count in _results(configured, chunks, processes):
            rows += count
            tell(chunk.count, count)
    return rows


def _results(
    configured: Settings, chunks: list[Chunk], processes: int
) -> Iterator[tuple[Chunk, int]]:
    if processes == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield chunk, _write_chunk(chunk)
        return
    db.engine.dispose()  # no connection is shared with a child
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin, initargs=(configured,)
    )
    with pool:
        running = {pool.submit(_write_chunk, chunk): chunk for chunk in chunks}
        for done in as_completed(running):
            yield running[done], done.result()


_held = ExitStack()


def _begin(configured: Settings) -> None:
    """A process of its own: the same node, for as long as it lives."""
    _held.enter_context(with_engines(configured))


def _write_chunk(chunk: Chunk) -> int:
    with db.engine.begin() as connection:
        shared = ledger.fact(connection, ledger.PASSWORD_HASH) or ""
        rows = 0
        found = Writing(shared).of(map(people.person, chunk.numbers))
        for model, plan in tables(connection.dialect).items():
            values = [plan.row(given) for given in found[model]]
            put(connection, plan, values)
            rows += len(values)
        ledger.note(connection, chunk)
    return rows


def put(connection: Connection, plan: Plan, rows: list[list[Any]]) -> None:
    """Write what ``plan`` has put on paper, the fastest way there is."""
    (_copy if _postgres(connection) else _insert)(connection, plan, rows)


def _copy(connection: Connection, plan: Plan, rows: list[list[Any]]) -> None:
    columns = ", ".join(f'"{name}"' for name in plan.columns)
    driver: Any = connection.connection.driver_connection
    with silence.endured(connection), driver.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL synchronous_commit = off")
        with cursor.copy(f'COPY "{plan.table.name}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)


def _insert(connection: Connection, plan: Plan, rows: list[list[Any]]) -> None:
    marks = ", ".join("?" * len(plan.columns))
    columns = ", ".join(f'"{name}"' for name in plan.columns)
    driver: Any = connection.connection.driver_connection
    # Names come from the node's own models, values never stand in the text.
    statement = f'INSERT INTO "{plan.table.name}" ({columns}) VALUES ({marks})'  # noqa: S608
    driver.executemany(statement, rows)


def _analyze(engine: Engine) -> None:
    """Fresh statistics, and no first reader who has to mark all rows as committed."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not _postgres(engine):
            connection.exec_driver_sql("ANALYZE")
            return
        with silence.endured(connection):
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM (ANALYZE)")
            connection.exec_driver_sql("RESET statement_timeout")


def _postgres(found: Engine | Connection) -> bool:
    return found.dialect.name == "postgresql"
