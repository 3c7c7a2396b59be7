"""The two engines: SQL for what lasts, Redis for what expires."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import flask
import redis as redis_py
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from idp.current import OfTheApp
from idp.settings import Settings
from idp.store import servers, silence

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMES)


_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
db = SQLAlchemy(model_class=Base, disable_autonaming=True)
redis = cast(redis_py.Redis, OfTheApp("redis"))


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Give ``app`` its engines. Nothing is connected to before the first question."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _sql_options(settings)
    db.init_app(app)
    with app.app_context():
        if settings.database_url.startswith("sqlite"):
            event.listen(db.engine, "connect", _sqlite_pragmas)
        else:
            silence.end_after(db.engine, settings.store.database_timeout.total_seconds())
    app.extensions["redis"] = servers.connect(settings)


def connection() -> Connection:
    """The session's own, in its transaction, for statements that go round the ORM.

    What the session holds is written first, so that they see it.
    """
    db.session.flush()
    return db.session.connection()


@contextmanager
def question() -> Iterator[Connection]:
    """For one question alone: in the transaction there is, else in none, which costs less."""
    if db.session().in_transaction():
        yield connection()
        return
    with db.engine.connect() as alone:
        yield alone.execution_options(isolation_level="AUTOCOMMIT")


def upsert(table: Table, dialect: str) -> Any:
    """An INSERT that may say what to do where the row is there already."""
    return _INSERTS[dialect](table)


def add_if_new(table: Table, row: Mapping[str, Any]) -> bool:
    """Write a row in the current transaction. False: it was there already."""
    sql = connection()
    # Read to its end: SQLite commits nothing while a RETURNING has rows to give.
    return sql.execute(_if_new(table, sql.dialect.name), row).one_or_none() is not None


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) in hex: unique without asking, in order of time."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    number = milliseconds << 80 | 0x7 << 76 | (chance >> 62 & 0xFFF) << 64
    number |= 0b10 << 62 | chance & (1 << 62) - 1
    return f"{number:032x}"


@cache
def _if_new(table: Table, dialect: str) -> Any:
    return upsert(table, dialect).on_conflict_do_nothing().returning(*table.primary_key)


def _sql_options(settings: Settings) -> dict[str, Any]:
    timeout = settings.store.database_timeout.total_seconds()
    if settings.database_url.startswith("sqlite"):
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        return {"connect_args": {"timeout": timeout}, "hide_parameters": True}
    statement = int(timeout * 1000)
    return {
        "pool_size": settings.store.database_pool,
        "max_overflow": 0,
        "pool_timeout": timeout,
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": max(1, int(timeout)),
            "options": f"-c statement_timeout={statement} -c timezone=UTC",
        },
    }


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    """WAL lets readers go on beside the one writer; FULL keeps a commit through a power cut."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
