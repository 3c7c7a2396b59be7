"""Whether the two engines answer, and promise what we rely on."""

from typing import Any

from sqlalchemy import text

from idp.store.engines import db, redis
from idp.store.migrations import pending
from idp.store.servers import Cluster

_ON = {1, "1", b"1"}


def sql_problem() -> str:
    """One sentence, or "" when SQL answers."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return ""


def migrations_problem() -> str:
    if missing := pending():
        return f"{len(missing)} migration(s) not applied: run `python -m idp db upgrade`"
    return ""


def redis_problem() -> str:
    """Every primary keeps an append-only file and never evicts: else sessions vanish silently.

    INFO is asked rather than CONFIG, which managed services forbid.
    """
    for info in _infos("persistence"):
        if info.get("aof_enabled", 1) not in _ON:
            return "Redis keeps no append-only file: set appendonly yes"
    for info in _infos("memory"):
        policy = info.get("maxmemory_policy", "noeviction")
        if policy not in {"noeviction", b"noeviction"}:
            return "Redis may evict keys: set maxmemory-policy noeviction"
    return ""


def redis_unknowns() -> list[str]:
    """Promises this Redis does not let us look at."""
    asked = (("persistence", "aof_enabled"), ("memory", "maxmemory_policy"))
    return [name for section, name in asked if any(name not in info for info in _infos(section))]


def redis_clock() -> float:
    """Redis's time, in seconds since 1970."""
    seconds, micros = redis.time()
    return seconds + micros / 1_000_000


def _infos(section: str) -> list[dict[str, Any]]:
    client: Any = redis
    if isinstance(client, Cluster):
        return client.infos(section)
    return [client.info(section)]
