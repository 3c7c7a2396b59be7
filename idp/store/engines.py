"""The two engines: SQL for what lasts, Redis for what expires."""

import os
import time
import uuid
from typing import Any, cast
from urllib.parse import urlsplit

import flask
import redis as redis_py
from flask_sqlalchemy import SQLAlchemy
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel
from sqlalchemy import MetaData, event
from sqlalchemy.orm import DeclarativeBase
from werkzeug.local import LocalProxy

from idp.settings import Settings

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


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
redis = cast(redis_py.Redis, LocalProxy(lambda: flask.current_app.extensions["redis"]))


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Give ``app`` its engines. Nothing is connected to before the first question."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _sql_options(settings)
    db.init_app(app)
    if settings.database_url.startswith("sqlite"):
        with app.app_context():
            event.listen(db.engine, "connect", _sqlite_pragmas)
    app.extensions["redis"] = connect_redis(settings)


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) in hex: unique without asking, in order of time."""
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10))
    number = milliseconds << 80 | 0x7 << 76 | (chance >> 62 & 0xFFF) << 64
    number |= 0b10 << 62 | chance & (1 << 62) - 1
    return uuid.UUID(int=number).hex


def _sql_options(settings: Settings) -> dict[str, Any]:
    timeout = settings.store.database_timeout.total_seconds()
    if settings.database_url.startswith("sqlite"):
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        return {"connect_args": {"timeout": timeout}}
    statement = int(timeout * 1000)
    return {
        "pool_size": settings.store.database_pool,
        "max_overflow": 0,
        "pool_timeout": timeout,
        "pool_pre_ping": True,
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


def connect_redis(settings: Settings) -> redis_py.Redis:
    """A client for whatever the URL names: one server, Sentinel's master, or a cluster.

    Commands are never retried by the client: it cannot know whether the first try was
    carried out, and a spent code must not look unspent to its owner.
    """
    url = settings.redis_url
    seconds = settings.store.redis_timeout.total_seconds()
    common: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "health_check_interval": 0,
        "decode_responses": False,
    }
    parts = urlsplit(url)
    credentials: dict[str, Any] = {}
    if parts.password:
        credentials = {"username": parts.username, "password": parts.password}
    hosts = parts.netloc.rpartition("@")[2]
    if parts.scheme in {"redis+cluster", "rediss+cluster"}:
        nodes = [ClusterNode(host, port) for host, port in _addresses(hosts, 6379)]
        client = RedisCluster(
            startup_nodes=nodes,
            ssl=parts.scheme.startswith("rediss"),
            max_connections=settings.store.redis_pool,
            **credentials,
            **common,
        )
        return cast(redis_py.Redis, client)
    once = Retry(NoBackoff(), 0)
    if parts.scheme in {"redis+sentinel", "rediss+sentinel"}:
        sentinel = Sentinel(
            _addresses(hosts, 26379),
            sentinel_kwargs={"socket_timeout": seconds},
            retry=once,
            **common,
        )
        name = parts.path.strip("/") or "mymaster"
        return sentinel.master_for(
            name,
            ssl=parts.scheme.startswith("rediss"),
            max_connections=settings.store.redis_pool,
            **credentials,
        )
    pool = redis_py.BlockingConnectionPool.from_url(
        url, max_connections=settings.store.redis_pool, timeout=seconds, retry=once, **common
    )
    return redis_py.Redis(connection_pool=pool)


def _addresses(netloc: str, default: int) -> list[tuple[str, int]]:
    pairs = (item.rpartition(":") if ":" in item else (item, "", "") for item in netloc.split(","))
    return [(host, int(port or default)) for host, _, port in pairs]
