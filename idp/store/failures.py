"""How an engine that does not answer shows itself in Python."""

from redis import exceptions as redis
from sqlalchemy import exc as sql

ENGINE_FAILURES: tuple[type[Exception], ...] = (
    sql.OperationalError,
    sql.InterfaceError,
    sql.TimeoutError,
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.ClusterDownError,
)
"""A view that fails with one of these has changed nothing; asking again later may work."""
