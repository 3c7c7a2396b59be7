"""Indexes and foreign keys stand aside while much is written, and are built again at the end.

What stands aside is written down in the database first: a fill that was killed puts it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, bindparam, select, text

from bench.scale.ledger import PAUSED
from idp.store import silence

_CONSTRAINTS = text("""
    SELECT conrelid::regclass::text AS "table", conname AS name,
           pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE conrelid::regclass::text IN :tables AND contype IN ('f', 'u')
    ORDER BY contype DESC, conname
""").bindparams(bindparam("tables", expanding=True))
_INDEXES = text("""
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename IN :tables
      AND indexname NOT IN (SELECT conname FROM pg_constraint)
    ORDER BY indexname
""").bindparams(bindparam("tables", expanding=True))


@contextmanager
def aside(engine: Engine, tables: list[str]) -> Iterator[None]:
    with engine.begin() as connection:
        _remove(connection, tables)
    yield
    restore(engine)


def restore(engine: Engine) -> None:
    """Build again what stands aside, the referenced before the referring."""
    with engine.begin() as connection, silence.endured(connection):
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        for statement in connection.scalars(
            select(PAUSED.c.statement).order_by(PAUSED.c.position)
        ).all():
            connection.execute(text(statement))
        connection.execute(PAUSED.delete())


def _remove(connection: Connection, tables: list[str]) -> None:
    constraints = connection.execute(_CONSTRAINTS, {"tables": tables}).all()
    indexes = connection.execute(_INDEXES, {"tables": tables}).all()
    again = [index.definition for index in indexes]
    for each in constraints:
        again.append(f"ALTER TABLE {each.table} ADD CONSTRAINT {each.name} {each.definition}")
    for position, statement in enumerate(again):
        connection.execute(PAUSED.insert().values(position=position, statement=statement))
    # Foreign keys lean on unique keys: they go first.
    for each in sorted(constraints, key=lambda found: "FOREIGN" not in found.definition):
        connection.execute(text(f"ALTER TABLE {each.table} DROP CONSTRAINT {each.name}"))
    for index in indexes:
        connection.execute(text(f"DROP INDEX {index.name}"))
