"""A Valkey from the wheel, and Redis from the system's packages in each of its shapes."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis as client

from idp.store import embedded
from tests.engines.processes import Server, listens, spare_port

SLOTS = 16384
_BUS = -10_000
"""From a node's port to its cluster port: downwards, out of the range ports are lent from."""
_KEPT = ("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
_AT_ONCE = ("--repl-diskless-sync-delay", "0")

WITHOUT = (
    "redis-server is not installed (Debian: apt-get install redis-server; "
    "`make test` does it when it may)"
)


@dataclass(frozen=True)
class Node:
    """One server of several."""

    port: int
    server: Server

    def says(self, *words: object) -> object:
        """The bare answer to one command."""
        connection = client.Connection(port=self.port, socket_timeout=5, protocol=2)
        try:
            connection.send_command(*words)
            return connection.read_response()
        finally:
            connection.disconnect()


@dataclass(frozen=True)
class Cluster:
    """Primaries sharing the slots."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def holder(self, slot: int) -> Node:
        """Who has ``slot`` when nothing has moved."""
        return self.nodes[slot // _share(self.nodes)]

    def move(self, slot: int, to: Node) -> None:
        """Give a slot and all its keys to another node."""
        source = self.holder(slot)
        source_id, target_id = source.says("CLUSTER", "MYID"), to.says("CLUSTER", "MYID")
        to.says("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.says("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        keys = source.says("CLUSTER", "GETKEYSINSLOT", slot, 1000)
        assert isinstance(keys, list)
        if keys:
            source.says("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)
        for node in (to, source):
            node.says("CLUSTER", "SETSLOT", slot, "NODE", target_id)

    def whole(self) -> bool:
        return all(b"cluster_state:ok" in _info(node) for node in self.nodes)


@dataclass(frozen=True)
class Watched:
    """A primary and its replica, and the Sentinels that watch them."""

    primary: Node
    replica: Node
    sentinels: list[Node]

    @property
    def url(self) -> str:
        return _sentinel_url(self.sentinels)


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    """The binary a fresh installation uses, with the options it uses."""
    with single(directory, str(embedded.binary())) as (url, _):
        yield url


@contextmanager
def redis(directory: Path) -> Iterator[str]:
    with single(directory) as (url, _):
        yield url


@contextmanager
def single(directory: Path, binary: str = "") -> Iterator[tuple[str, Server]]:
    directory.mkdir(parents=True, exist_ok=True)
    socket = directory / "s"
    command = [binary or _redis(), *embedded.options(directory, socket)]
    server = Server(command, directory / "server.log", lambda: listens(socket))
    try:
        yield f"unix://{socket}", server
    finally:
        server.stop()


def redis_missing() -> str:
    """Why Redis cannot run here, "" when it can."""
    return "" if shutil.which("redis-server") else WITHOUT


@contextmanager
def cluster(directory: Path) -> Iterator[str]:
    with cluster_of_three(directory) as running:
        yield running.url


@contextmanager
def cluster_of_three(directory: Path) -> Iterator[Cluster]:
    """Three primaries sharing the slots, as Redis Cluster wants at least."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    with ExitStack() as stack:
        nodes = []
        for _ in range(3):
            port = spare_port()
            own = (*options, "--cluster-port", str(port + _BUS))
            nodes.append(stack.enter_context(_node(directory / str(port), port, *own)))
        share = _share(nodes)
        for n, node in enumerate(nodes):
            last = min(SLOTS, (n + 1) * share) - 1
            node.says("CLUSTER", "ADDSLOTSRANGE", n * share, last)
            node.says("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, nodes[0].port + _BUS)
        running = Cluster(nodes)
        until(running.whole)
        yield running


@contextmanager
def sentinel(directory: Path) -> Iterator[str]:
    """A primary and one Sentinel that knows it."""
    with ExitStack() as stack:
        primary = stack.enter_context(_node(directory / "primary", spare_port()))
        yield _sentinel_url([stack.enter_context(_sentinel(directory / "s", primary, 1))])


@contextmanager
def watched(directory: Path) -> Iterator[Watched]:
    """A primary with a replica, watched by three Sentinels that promote it within seconds."""
    with ExitStack() as stack:
        primary = stack.enter_context(_node(directory / "a", spare_port()))
        following = ("--replicaof", f"127.0.0.1 {primary.port}")
        replica = stack.enter_context(_node(directory / "b", spare_port(), *following))
        until(lambda: b"master_link_status:up" in _info(replica, "INFO", "replication"))
        sentinels = [
            stack.enter_context(_sentinel(directory / f"s{n}", primary, 2)) for n in range(3)
        ]
        until(lambda: all(_knows_all(node) for node in sentinels))
        yield Watched(primary, replica, sentinels)


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


@contextmanager
def _node(directory: Path, port: int, *options: str) -> Iterator[Node]:
    directory.mkdir(parents=True, exist_ok=True)
    command = [_redis(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    server = Server(
        [*command, *_KEPT, *_AT_ONCE, *options], directory / "log", lambda: _pings(port)
    )
    try:
        yield Node(port, server)
    finally:
        server.stop()


@contextmanager
def _sentinel(directory: Path, primary: Node, quorum: int) -> Iterator[Node]:
    directory.mkdir(parents=True, exist_ok=True)
    port, configuration = spare_port(), directory / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\n"
        f"sentinel monitor main 127.0.0.1 {primary.port} {quorum}\n"
        "sentinel down-after-milliseconds main 1000\n"
        "sentinel failover-timeout main 3000\n"
    )
    command = [_redis(), str(configuration), "--sentinel"]
    server = Server(command, directory / "log", lambda: _pings(port))
    try:
        yield Node(port, server)
    finally:
        server.stop()


def _knows_all(sentinel: Node) -> bool:
    said = sentinel.says("SENTINEL", "MASTER", "main")
    assert isinstance(said, list)
    facts = dict(zip(said[::2], said[1::2], strict=True))
    return facts[b"num-slaves"] == b"1" and facts[b"num-other-sentinels"] == b"2"


def _sentinel_url(sentinels: list[Node]) -> str:
    return "redis+sentinel://" + ",".join(f"127.0.0.1:{s.port}" for s in sentinels) + "/main"


def _share(nodes: list[Node]) -> int:
    return -(-SLOTS // len(nodes))


def _info(node: Node, *words: str) -> bytes:
    said = node.says(*(words or ("CLUSTER", "INFO")))
    assert isinstance(said, bytes)
    return said


def _redis() -> str:
    return str(shutil.which("redis-server"))


def _pings(port: int) -> bool:
    connection = client.Connection(port=port, socket_timeout=1)
    try:
        connection.send_command("PING")
        return bool(connection.read_response())
    except client.RedisError:
        return False
    finally:
        connection.disconnect()
