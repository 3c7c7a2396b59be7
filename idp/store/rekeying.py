"""Bringing every sealed value and blind index under the current master key.

Columns are found by their type, so that a new table is never forgotten. Each batch is one
short transaction that replaces a value only while it is still the one that was read:
traffic goes on beside it, and whoever stops it half-way simply starts it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    func,
    or_,
    select,
    type_coerce,
)

from idp.store.engines import Base
from idp.store.patience import patient
from idp.store.types import BlindIndex, Sealed, Tag, sealer

BATCH = 500


@dataclass(frozen=True)
class Vault:
    """A table that holds sealed values."""

    table: Table
    sealed: tuple[Column[Any], ...]
    indexes: tuple[tuple[Column[Any], Column[Any]], ...]
    """Each blind index with the sealed column it is made from."""


def vaults() -> list[Vault]:
    """Every table with a sealed column; an index without its sealed text is refused."""
    found = []
    for table in Base.metadata.sorted_tables:
        sealed = tuple(c for c in table.columns if isinstance(c.type, Sealed))
        indexes = tuple((c, _source(c, sealed)) for c in table.columns if _is_index(c))
        if sealed:
            found.append(Vault(table, sealed, indexes))
    return found


def rekey(batch: int = BATCH) -> Iterator[tuple[str, int]]:
    """Re-seal what is not current; yields (table, rows changed) after every batch."""
    for vault in vaults():
        after: tuple[Any, ...] | None = None
        while True:
            with patient() as connection:
                rows = _stale(connection, vault, after, batch)
                changed = sum(_renew(connection, vault, row) for row in rows)
            if not rows:
                break
            after = tuple(rows[-1][c.name] for c in vault.table.primary_key)
            yield vault.table.name, changed


def remaining() -> int:
    """Rows that ``rekey`` would change."""
    return sum(_count(v.table, [_not_current(c) for c in _all(v)]) for v in vaults())


def users(kid: str) -> int:
    """Rows that need the master key ``kid``: none is left before it may be dropped.

    Besides sealed values these are the tags of the audit trail, which stay until its
    retention cuts them.
    """
    total = 0
    for table in Base.metadata.sorted_tables:
        keyed = [c for c in table.columns if isinstance(c.type, Sealed | BlindIndex | Tag)]
        if keyed:
            total += _count(table, [type_coerce(c, String).like(f"%.{kid}.%") for c in keyed])
    return total


def _is_index(column: Column[Any]) -> bool:
    return isinstance(column.type, BlindIndex)


def _source(index: Column[Any], sealed: tuple[Column[Any], ...]) -> Column[Any]:
    for column in sealed:
        if _purpose(column) == _purpose(index):
            return column
    raise TypeError(f"{index} has no Sealed column of its purpose in its table")


def _purpose(column: Column[Any]) -> str:
    return cast(Sealed | BlindIndex, column.type).purpose


def _all(vault: Vault) -> list[Column[Any]]:
    return [*vault.sealed, *(index for index, _ in vault.indexes)]


def _count(table: Table, conditions: list[ColumnElement[bool]]) -> int:
    with patient() as connection:
        query = select(func.count()).select_from(table).where(or_(*conditions))
        return connection.scalar(query) or 0


def _not_current(column: Column[Any]) -> ColumnElement[bool]:
    prefix = f"{sealer().suite.name}.{sealer().ring.current}."
    current = type_coerce(column, String).startswith(prefix, autoescape=True)
    return and_(column.is_not(None), ~current)


def _stale(
    connection: Connection, vault: Vault, after: tuple[Any, ...] | None, batch: int
) -> list[dict[str, Any]]:
    """The next rows by primary key, their values raw; each row is visited once."""
    keys = list(vault.table.primary_key)
    values = [type_coerce(c, String).label(c.name) for c in _all(vault)]
    query = select(*keys, *values).where(or_(*(_not_current(c) for c in _all(vault))))
    if after is not None:
        query = query.where(_beyond(keys, after))
    rows = connection.execute(query.order_by(*keys).limit(batch)).mappings()
    return [dict(row) for row in rows]


def _beyond(keys: list[Column[Any]], after: tuple[Any, ...]) -> ColumnElement[bool]:
    """``keys > after`` in the order of the primary key."""
    ways = []
    for n, key in enumerate(keys):
        same = [k == value for k, value in zip(keys[:n], after, strict=False)]
        ways.append(and_(*same, key > after[n]))
    return or_(*ways)


def _renew(connection: Connection, vault: Vault, row: dict[str, Any]) -> int:
    """Replace the row's values unless somebody has changed one since it was read."""
    values = _renewed(vault, row)
    mine = [c == row[c.name] for c in vault.table.primary_key]
    for column in _all(vault):
        text = type_coerce(column, String)
        mine.append(text.is_(None) if row[column.name] is None else text == row[column.name])
    statement = vault.table.update().where(*mine)
    return connection.execute(statement.values(values)).rowcount


def _renewed(vault: Vault, row: dict[str, Any]) -> dict[str, str]:
    seal = sealer()
    values: dict[str, str] = {}
    clear: dict[str, str] = {}
    for column in vault.sealed:
        if row[column.name] is not None:
            clear[column.name] = seal.open(_purpose(column), row[column.name])
            values[column.name] = seal.seal(_purpose(column), clear[column.name])
    for index, source in vault.indexes:
        if row[index.name] is not None and source.name in clear:
            values[index.name] = seal.index(_purpose(index), clear[source.name])
    return values
