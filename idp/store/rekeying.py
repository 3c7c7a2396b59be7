"""Bringing every sealed value and blind index under the current master key.

Columns are found by their type, so that a new table is never forgotten. A batch is sealed anew
while no transaction is open, then written in a short one that replaces a row's values only
while they are still the ones that were read, and passes over rows that somebody holds: nobody
waits for it for long, and it waits for nobody. Whoever stops or kills it starts it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    String,
    Table,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.exc import IntegrityError

from idp.crypto.errors import CannotOpen
from idp.store.engines import Base
from idp.store.patience import patient
from idp.store.types import BlindIndex, Sealed, Tag, sealer

BATCH = 1000
"""Rows of one transaction. More saves little, and holds them for longer."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Vault:
    """A table that holds sealed values."""

    table: Table
    sealed: tuple[Column[Any], ...]
    indexes: tuple[tuple[Column[Any], Column[Any]], ...]
    """Each blind index with the sealed column it is made from."""

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def keys(self) -> list[Column[Any]]:
        return list(self.table.primary_key)

    @property
    def columns(self) -> list[Column[Any]]:
        return [*self.sealed, *(index for index, _ in self.indexes)]

    def key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[column.name] for column in self.keys)

    @cached_property
    def replacing(self) -> Update:
        """New values for a row whose values are still the old ones; made once for all rows."""
        same = [column == bindparam(f"key_{column.name}") for column in self.keys]
        for column in self.columns:
            old = bindparam(f"old_{column.name}", type_=String)
            same.append(type_coerce(column, String).is_not_distinct_from(old))
        new = {c.name: bindparam(f"new_{c.name}", type_=String) for c in self.columns}
        return self.table.update().where(*same).values(new)


class Stuck(NamedTuple):
    """A row that stays as it is; ``why`` names no value."""

    table: str
    key: tuple[Any, ...]
    why: str


class Batch(NamedTuple):
    table: str
    found: int
    changed: int
    stuck: tuple[Stuck, ...]


def vaults() -> list[Vault]:
    """Every table with a sealed column; an index without its sealed text is refused."""
    found = []
    for table in Base.metadata.sorted_tables:
        sealed = tuple(c for c in table.columns if isinstance(c.type, Sealed))
        indexes = tuple((c, _source(c, sealed)) for c in table.columns if _is_index(c))
        if sealed:
            found.append(Vault(table, sealed, indexes))
    return found


def rekey(size: int = BATCH) -> Iterator[Batch]:
    """Re-seal what is not current, a batch at a time.

    Rows that somebody held or changed meanwhile have their turn in another round.
    """
    for vault in vaults():
        left = changed = 1
        while left and changed:
            left = changed = 0
            for batch in _round(vault, size):
                yield batch
                left += batch.found - batch.changed
                changed += batch.changed


def remaining() -> int:
    """Rows that ``rekey`` would change. Reads every table once, as a hundredth of re-keying it."""
    return sum(_count(v.table, or_(*map(_not_current, v.columns))) for v in vaults())


def users(kids: Sequence[str]) -> dict[str, int]:
    """Rows that need each master key: none is left before it may be dropped.

    Besides sealed values these are the tags of the audit trail, which stay until its
    retention cuts them.
    """
    total = dict.fromkeys(kids, 0)
    for table in Base.metadata.sorted_tables:
        keyed = [c for c in table.columns if isinstance(c.type, Sealed | BlindIndex | Tag)]
        if keyed:
            uses = [or_(*(_under(kid, column) for column in keyed)) for kid in kids]
            for kid, count in zip(kids, _counts(table, uses), strict=True):
                total[kid] += count
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


def _count(table: Table, condition: ColumnElement[bool]) -> int:
    return _counts(table, [condition])[0]


def _counts(table: Table, conditions: Sequence[ColumnElement[bool]]) -> list[int]:
    """How many rows meet each, in one reading of the table."""
    with patient() as connection:
        counted = [func.count().filter(condition) for condition in conditions]
        return list(connection.execute(select(*counted).select_from(table)).one())


def _not_current(column: Column[Any]) -> ColumnElement[bool]:
    return and_(column.is_not(None), ~_under(sealer().ring.current, column))


def _under(kid: str, column: Column[Any]) -> ColumnElement[bool]:
    prefix = f"{sealer().ring.suite_of(kid).name}.{kid}."
    return type_coerce(column, String).startswith(prefix, autoescape=True)


def _round(vault: Vault, size: int) -> Iterator[Batch]:
    """Every stale row once, in the order of the primary key."""
    after: tuple[Any, ...] | None = None
    while rows := _stale(vault, after, size):
        yield _renew(vault, rows)
        after = vault.key(rows[-1])


def _stale(vault: Vault, after: tuple[Any, ...] | None, size: int) -> list[Row]:
    """The next rows, their values raw."""
    values = [type_coerce(c, String).label(c.name) for c in vault.columns]
    query = select(*vault.keys, *values).where(or_(*map(_not_current, vault.columns)))
    if after is not None:
        query = query.where(tuple_(*vault.keys) > after)
    with patient() as connection:
        rows = connection.execute(query.order_by(*vault.keys).limit(size)).mappings()
        return [dict(row) for row in rows]


def _renew(vault: Vault, rows: list[Row]) -> Batch:
    renewed, stuck = [], []
    for row in rows:
        try:
            renewed.append((row, _renewed(vault, row)))
        except CannotOpen as error:
            stuck.append(Stuck(vault.name, vault.key(row), str(error)))
    try:
        changed = _replace(vault, renewed)
    except IntegrityError:
        changed = 0
        for each in renewed:
            try:
                changed += _replace(vault, [each])
            except IntegrityError:
                # Two accounts took a number at once while old and new key were both written.
                why = "another row has the same text under the current key"
                stuck.append(Stuck(vault.name, vault.key(each[0]), why))
    return Batch(vault.name, len(rows), changed, tuple(stuck))


def _replace(vault: Vault, renewed: list[tuple[Row, Row]]) -> int:
    """Write the new values where the old ones still are and nobody holds the row."""
    with patient() as connection:
        wanted = tuple_(*vault.keys).in_([vault.key(row) for row, _ in renewed])
        free = select(*vault.keys).where(wanted).with_for_update(skip_locked=True)
        ours = {tuple(key) for key in connection.execute(free)}
        writing = [_bound(vault, *each) for each in renewed if vault.key(each[0]) in ours]
        return connection.execute(vault.replacing, writing).rowcount if writing else 0


def _bound(vault: Vault, row: Row, new: Row) -> Row:
    """The parameters of ``Vault.replacing``."""
    bound = {f"key_{column.name}": row[column.name] for column in vault.keys}
    for column in vault.columns:
        bound[f"old_{column.name}"] = row[column.name]
        bound[f"new_{column.name}"] = new.get(column.name, row[column.name])
    return bound


def _renewed(vault: Vault, row: Row) -> Row:
    seal = sealer()
    values: Row = {}
    clear: dict[str, str] = {}
    for column in vault.sealed:
        if row[column.name] is not None:
            clear[column.name] = seal.open(_purpose(column), row[column.name])
            values[column.name] = seal.seal(_purpose(column), clear[column.name])
    for index, source in vault.indexes:
        if row[index.name] is not None and source.name in clear:
            values[index.name] = seal.index(_purpose(index), clear[source.name])
    return values
