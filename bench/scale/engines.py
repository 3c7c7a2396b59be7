"""A PostgreSQL and a Redis of one's own that keep what they are told, as in production."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines import postgres, redis_servers

POSTGRES = (
    "shared_buffers=2GB",
    "effective_cache_size=8GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
    "max_connections=120",
    "max_parallel_workers_per_gather=0",
    "max_parallel_maintenance_workers=1",
)
"""Sizes for a machine of 16 GB and more; nothing that lets a commit be lost."""


@contextmanager
def running(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield the URLs of both; their data go when they stop."""
    try:
        with (
            redis_servers.redis(directory / "redis") as redis,
            postgres.server(directory / "pg", *POSTGRES) as (database, _),
        ):
            yield database, redis
    finally:
        shutil.rmtree(directory, ignore_errors=True)
