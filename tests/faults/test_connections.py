"""No connection left: at PostgreSQL, at Redis, at the web server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
import redis

from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

SLOW_CLIENTS = 400
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


@contextmanager
def no_sql_connections(rig: Rig) -> Iterator[None]:
    """Somebody else holds every one, and the node's own are ended."""
    url = rig.engines.database_url.replace("+psycopg", "")
    with ExitStack() as stack:
        first = stack.enter_context(psycopg.connect(url, autocommit=True))
        first.execute(f"{_OTHERS} AND backend_type = 'client backend'")
        while True:
            try:
                stack.enter_context(psycopg.connect(url, autocommit=True))
            except psycopg.OperationalError:
                break
        yield


@pytest.mark.servers
def test_without_a_connection_to_postgresql_people_are_told(rig: Rig) -> None:
    fault = no_sql_connections(rig)
    result = rig.through("max_connections used up", fault, Limits(8, 20), lasts=5.0)
    assert result.wrong == ()


@contextmanager
def no_redis_connections(rig: Rig) -> Iterator[None]:
    path = rig.engines.redis_url.removeprefix("unix://") or str(
        rig.node.var_dir / "valkey" / "valkey.sock"
    )
    client = redis.Redis(unix_socket_path=path)
    before = client.config_get("maxclients")["maxclients"]
    client.config_set("maxclients", 1)
    client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    try:
        yield
    finally:
        client.config_set("maxclients", before)
        client.close()


def test_without_a_connection_to_redis_people_are_told(rig: Rig) -> None:
    fault = no_redis_connections(rig)
    result = rig.through("maxclients used up", fault, Limits(8, 20), lasts=5.0)
    assert result.wrong == ()


@contextmanager
def slow_clients(port: int) -> Iterator[None]:
    """Each sends a header a letter at a time and never ends it."""
    over = threading.Event()
    crowd: list[socket.socket] = []
    for _ in range(SLOW_CLIENTS):
        made = socket.create_connection(("127.0.0.1", port), timeout=5)
        made.sendall(b"GET /login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        crowd.append(made)

    def drip() -> None:
        while not over.wait(1.0):
            for each in crowd:
                with suppress(OSError):
                    each.sendall(b"a")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for each in crowd:
            each.close()
        time.sleep(0.1)


def test_slow_clients_keep_nobody_out(rig: Rig) -> None:
    fault = slow_clients(rig.node.port)
    limits = Limits(5, 10, spotless=True)
    result = rig.through(f"{SLOW_CLIENTS} slow clients", fault, limits, lasts=5.0)
    assert result.wrong == ()
