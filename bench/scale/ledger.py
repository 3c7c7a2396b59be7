"""What the generator notes in the database it fills: that it is its own, and how far it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
)

from idp.store.accounts import Account

_metadata = MetaData()
CHUNKS = Table(
    "bench_scale_chunk",
    _metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
PAUSED = Table(
    "bench_scale_paused",
    _metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False),
)
FACTS = Table(
    "bench_scale_fact",
    _metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
PASSWORD_HASH = "password_hash"


class NotOurs(Exception):
    """The database holds accounts that the generator did not make."""


@dataclass(frozen=True, slots=True)
class Chunk:
    first: int
    count: int

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.count)


def open_(connection: Connection) -> None:
    """Take the database, if nobody lives in it. Raises NotOurs."""
    known = inspect(connection).has_table(CHUNKS.name)
    if not known and connection.execute(select(Account.id).limit(1)).first():
        raise NotOurs("This database holds accounts of somebody else: name an empty one.")
    _metadata.create_all(connection)


def filled(connection: Connection) -> int:
    """How many people there are: chunks are taken in order, so these are the first ones."""
    return sum(chunk.count for chunk in _chunks(connection))


def missing(connection: Connection, accounts: int, size: int) -> list[Chunk]:
    """What to write so that there are ``accounts``; a fill that was killed has left gaps."""
    return list(_split(_gaps(_chunks(connection), accounts), size))


def note(connection: Connection, chunk: Chunk) -> None:
    """In the transaction of the chunk: both are there or neither."""
    connection.execute(CHUNKS.insert().values(first=chunk.first, count=chunk.count))


def fact(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(FACTS.c.value).where(FACTS.c.name == name))


def keep_fact(connection: Connection, name: str, value: str) -> None:
    connection.execute(FACTS.insert().values(name=name, value=value))


def _chunks(connection: Connection) -> list[Chunk]:
    rows = connection.execute(select(CHUNKS).order_by(CHUNKS.c.first))
    return [Chunk(row.first, row.count) for row in rows]


def _gaps(done: list[Chunk], upto: int) -> Iterator[Chunk]:
    at = 0
    for chunk in done:
        if at < chunk.first:
            yield Chunk(at, min(chunk.first, upto) - at)
        at = chunk.numbers.stop
    if at < upto:
        yield Chunk(at, upto - at)


def _split(gaps: Iterator[Chunk], size: int) -> Iterator[Chunk]:
    for gap in gaps:
        for first in range(gap.first, gap.numbers.stop, size):
            yield Chunk(first, min(size, gap.numbers.stop - first))
