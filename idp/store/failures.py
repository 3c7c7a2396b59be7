"""How an engine that does not answer shows itself in Python."""

from redis import exceptions as redis
from redis.connection import DefaultParser
from sqlalchemy import exc as sql


class CannotWrite(redis.ResponseError):
    """Redis answers but takes nothing: its disk fails, or too few replicas listen."""


DefaultParser.EXCEPTION_CLASSES.update({"MISCONF": CannotWrite, "NOREPLICAS": CannotWrite})

_SQL = (sql.OperationalError, sql.InterfaceError, sql.TimeoutError)
_REDIS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.ClusterError,
    redis.RedisClusterException,
    CannotWrite,
)
ENGINE_FAILURES: tuple[type[Exception], ...] = (*_SQL, *_REDIS)
"""A view that fails with one of these has changed nothing; asking again later may work."""


def explain(error: Exception) -> str:
    """One sentence for the operator. Statements and URLs stay out: they may hold secrets."""
    if isinstance(error, sql.DBAPIError):
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig) else ""
        return f"SQL does not work: {reason}. Check store.database_url and the server."
    if isinstance(error, _SQL):
        return "SQL does not answer in time. Check store.database_url and the server's load."
    return f"Redis does not work: {error}. Check store.redis_url and the server."
