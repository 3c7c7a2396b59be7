"""Where Alembic meets the app: its connection, its models, its patience."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, TypeDecorator, event, text

import idp  # noqa: F401 - create_app knows every part: with it every table is known
from idp.store import silence
from idp.store.engines import db

LOCK_TIMEOUT = "3s"
STATEMENT_TIMEOUT = "60s"


def as_in_sql(kind: str, thing: Any, _context: Any) -> str | bool:
    """Write our own column types as what they are in SQL: a migration never changes its meaning."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl_instance!r}"
    return False


def keep(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    return not (kind == "table" and name == "alembic_version")


def begin(connection: Connection) -> None:
    """Python's driver begins no transaction for a change of the schema: killed in the middle, a
    migration would leave half of itself, and could not be run again."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


with db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        event.listen(connection, "begin", begin)
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_object=keep,
        render_item=as_in_sql,
        transaction_per_migration=True,
        transactional_ddl=True,
    )
    if connection.dialect.name == "postgresql":
        # A migration that waits for a lock makes everybody behind it wait too.
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.commit()
    with silence.endured(connection), context.begin_transaction():
        context.run_migrations()
