"""Questions that read whole tables: for the operator's commands, never for a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from idp.store import silence
from idp.store.engines import db


@contextmanager
def patient() -> Iterator[Connection]:
    """A transaction without the time limit that statements have otherwise."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        with silence.endured(connection):
            yield connection
