"""The streams events arrive by, one in each bucket, and a witness of the chain's head."""

from collections.abc import Mapping, Sequence
from typing import cast

import structlog
from redis.exceptions import RedisError

from idp.store import buckets
from idp.store.engines import redis

_HEAD_KEY = "audit:head"
_UNREADABLE = "audit:unreadable"

log = structlog.get_logger(__name__)


def read(limit: int) -> dict[str, list[tuple[bytes, bytes]]]:
    """Up to ``limit`` waiting (entry id, event) of every bucket that has some."""
    with redis.pipeline(transaction=False) as pipe:
        for bucket in buckets.ALL:
            pipe.xrange(buckets.audit(bucket), count=limit)
        answers = pipe.execute()
    found = zip(buckets.ALL, answers, strict=True)
    return {b: [(id_, f.get(b"event", b"")) for id_, f in rows] for b, rows in found if rows}


def forget(entries: Mapping[str, Sequence[bytes]]) -> None:
    with redis.pipeline(transaction=False) as pipe:
        for bucket, ids in entries.items():
            pipe.xdel(buckets.audit(bucket), *ids)
        pipe.execute()


def set_aside(raw: bytes) -> None:
    """Keep an entry nobody can read where it stops no other."""
    redis.xadd(_UNREADABLE, {"event": raw})


def waiting() -> int:
    """Events that have not reached SQL yet."""
    with redis.pipeline(transaction=False) as pipe:
        for bucket in buckets.ALL:
            pipe.xlen(buckets.audit(bucket))
        return sum(pipe.execute())


def remember_head(text: str) -> None:
    """Keep a witness of the head outside SQL. The log has another, so this one may fail."""
    try:
        redis.set(_HEAD_KEY, text)
    except RedisError as error:
        log.warning("audit head not kept in Redis", error=type(error).__name__)


def remembered_head() -> str | None:
    try:
        found = cast(bytes | None, redis.get(_HEAD_KEY))
    except RedisError:
        return None
    return found.decode() if found else None
