"""The two pairs every claim is tested on: what a fresh clone has, and what production has."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines import postgres, redis_servers

PAIRS = ("embedded", "real")
SHAPES = ("cluster", "sentinel")
"""SQLite beside the other shapes Redis comes in; asked for by name."""


@dataclass(frozen=True)
class Engines:
    """Where a pair of engines is to be found; ``settings`` names them to ``settings.load``."""

    name: str
    var_dir: Path
    database_url: str
    redis_url: str

    @property
    def settings(self) -> dict[str, object]:
        store = {"database_url": self.database_url, "redis_url": self.redis_url}
        return {"var_dir": self.var_dir, "store": store}


@contextmanager
def started(name: str, directory: Path) -> Iterator[Engines]:
    with ExitStack() as stack:
        if name != "embedded":
            require(redis_servers.redis_missing())
        redis = stack.enter_context(_REDIS[name](directory / "redis"))
        database = f"sqlite:///{directory}/hutong.db"
        if name == "real":
            require(postgres.missing())
            database = stack.enter_context(postgres.postgres(directory / "pg"))
        yield Engines(name, directory, database, redis)


_REDIS = {
    "embedded": redis_servers.valkey,
    "real": redis_servers.redis,
    "cluster": redis_servers.cluster,
    "sentinel": redis_servers.sentinel,
}


def require(problem: str) -> None:
    """Where everything must be tested, what is missing fails; elsewhere it is said and left out."""
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem, pytrace=False)
    if problem:
        pytest.skip(problem)
