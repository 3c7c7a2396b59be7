"""A federation on loopback for each test that asks for ``nodes``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.trust import nodes as running
from tests.trust.nodes import Node, Nodes
from tests.trust.peers import Peer


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


@pytest.fixture
def anchor(nodes: Nodes) -> Node:
    return nodes.anchor()


@pytest.fixture
def jia(nodes: Nodes, anchor: Node) -> Node:
    """A province under the anchor, strict as by default."""
    return nodes.below(anchor, "jia")


@pytest.fixture
def peer(nodes: Nodes, anchor: Node) -> Callable[..., Peer]:
    """``peer("name")``: an entity of somebody else's make, which the anchor vouches for."""

    def made(name: str = "bdc", superior: Node | None = None) -> Peer:
        return Peer(name, superior or anchor, nodes.stack)

    return made
