"""A Valkey from the wheel, and Redis from the system's packages in each of its shapes."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis as client

from idp.store import embedded
from tests.engines.processes import listens, spare_port, start, stop

_SLOTS = 16384
_BUS = -10_000
"""From a node's port to its cluster port: downwards, out of the range ports are lent from."""

WITHOUT = (
    "redis-server is not installed (Debian: apt-get install redis-server; "
    "`make test` does it when it may)"
)


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    """The binary a fresh installation uses, with the options it uses."""
    with _server(str(embedded.binary()), directory) as url:
        yield url


@contextmanager
def redis(directory: Path) -> Iterator[str]:
    with _server(str(shutil.which("redis-server")), directory) as url:
        yield url


def redis_missing() -> str:
    """Why Redis cannot run here, "" when it can."""
    return "" if shutil.which("redis-server") else WITHOUT


@contextmanager
def _server(binary: str, directory: Path) -> Iterator[str]:
    directory.mkdir(parents=True, exist_ok=True)
    socket = directory / "s"
    command = [binary, *embedded.options(directory, socket)]
    process = start(command, directory / "server.log", lambda: listens(socket))
    try:
        yield f"unix://{socket}"
    finally:
        stop(process)


@contextmanager
def cluster(directory: Path) -> Iterator[str]:
    """Three primaries sharing the slots, as Redis Cluster wants at least."""
    ports = [spare_port() for _ in range(3)]
    with ExitStack() as stack:
        nodes = [stack.enter_context(_listener(directory / str(port), port)) for port in ports]
        per_node = -(-_SLOTS // len(nodes))
        for n, node in enumerate(nodes):
            last = min(_SLOTS, (n + 1) * per_node) - 1
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", n * per_node, last)
            node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], ports[0] + _BUS)
        while not all(b"cluster_state:ok" in _cluster_info(node) for node in nodes):
            time.sleep(0.05)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)


@contextmanager
def sentinel(directory: Path) -> Iterator[str]:
    """A primary and one Sentinel that knows it."""
    primary, watcher = spare_port(), spare_port()
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        f"port {watcher}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 1\n"
    )
    with _listener(directory / "primary", primary, clustered=False):
        process = start(
            [str(shutil.which("redis-server")), str(configuration), "--sentinel"],
            directory / "sentinel.log",
            lambda: _pings(watcher),
        )
        try:
            yield f"redis+sentinel://127.0.0.1:{watcher}/main"
        finally:
            stop(process)


@contextmanager
def _listener(directory: Path, port: int, *, clustered: bool = True) -> Iterator[client.Redis]:
    directory.mkdir(parents=True, exist_ok=True)
    command = [
        str(shutil.which("redis-server")),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
        *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
    ]
    if clustered:
        command += ["--cluster-enabled", "yes", "--cluster-port", str(port + _BUS)]
    process = start(command, directory / "server.log", lambda: _pings(port))
    connection = client.Redis(port=port)
    try:
        yield connection
    finally:
        connection.close()
        stop(process)


def _cluster_info(node: client.Redis) -> bytes:
    said = node.connection_pool.get_connection()
    try:
        said.send_command("CLUSTER", "INFO")
        return bytes(said.read_response())
    finally:
        node.connection_pool.release(said)


def _pings(port: int) -> bool:
    connection = client.Redis(port=port)
    try:
        return bool(connection.ping())
    except client.ConnectionError:
        return False
    finally:
        connection.close()
