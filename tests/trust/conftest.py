"""A federation on loopback for each test that asks for ``nodes``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.trust import nodes as running
from tests.trust.nodes import Nodes


@pytest.fixture(scope="session")
def nodes_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running.shared_redis(tmp_path_factory.mktemp("nodes-redis")) as url:
        yield url


@pytest.fixture
def nodes(tmp_path: Path, nodes_redis: str) -> Iterator[Nodes]:
    with Redis.from_url(nodes_redis) as redis:
        redis.flushall()
    with running.started(tmp_path, nodes_redis) as started:
        yield started
