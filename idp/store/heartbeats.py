"""When each loop of the worker was last seen alive."""

import time

from idp.store.engines import redis

_KEY = "worker:heartbeats"
FORGOTTEN_AFTER = 24 * 3600


def beat(loop: str) -> None:
    redis.hset(_KEY, loop, str(int(time.time())))
    redis.expire(_KEY, FORGOTTEN_AFTER)


def ages() -> dict[str, float]:
    """Seconds since each loop last finished a round."""
    at: dict[bytes, bytes] = redis.hgetall(_KEY)  # type: ignore[assignment]
    return {name.decode(): time.time() - int(when) for name, when in at.items()}
