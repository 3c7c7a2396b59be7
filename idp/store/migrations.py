"""Alembic, driven from the command line and asked by the readiness check."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from idp.settings import ROOT
from idp.store.engines import db

DIRECTORY = ROOT / "migrations"
_TRY = text("SELECT pg_try_advisory_lock(:lock)")
_GIVE_UP = text("SELECT pg_advisory_unlock(:lock)")
_AGAIN = 0.2
_LOCK = 4_815_162
"""The number of the advisory lock; any would do, as long as nobody else's is the same."""


def upgrade(to: str = "head") -> None:
    """Bring the database to ``to``. Safe while the previous release is running.

    Whoever comes while another is at it waits, and finds it done.
    """
    with _alone():
        command.upgrade(_config(), to)


def write(message: str) -> Path:
    """Make the migration from what the models say and the database has not."""
    made = command.revision(_config(), message=message, autogenerate=True)
    script: Any = made[0] if isinstance(made, list) else made
    return Path(script.path)


def current() -> str:
    """The revision the database is at, "" for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def pending() -> list[str]:
    """What ``upgrade`` would apply, oldest first. Unknown revisions are a newer release's."""
    at, known = current(), _revisions()
    if at == "":
        return list(known)
    return list(known[known.index(at) + 1 :]) if at in known else []


def differences() -> list[Any]:
    """What the models say and the migrated database does not, for the test that compares."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock that goes with its holder, however that ends."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Neither a transaction nor a statement stays open, waiting or holding: an index
            # that is made CONCURRENTLY would wait for either.
            while not connection.scalar(_TRY, {"lock": _LOCK}):
                time.sleep(_AGAIN)
            try:
                yield
            finally:
                connection.execute(_GIVE_UP, {"lock": _LOCK})
        return
    with Path(f"{db.engine.url.database}.lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@lru_cache(1)
def _revisions() -> tuple[str, ...]:
    walked = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(reversed([script.revision for script in walked]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    config.set_main_option("truncate_slug_length", "60")
    config.set_main_option("path_separator", "os")
    return config
