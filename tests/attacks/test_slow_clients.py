"""Whoever speaks slowly, or not at all, holds up nobody else (the real server)."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from idp.settings import ROOT
from tests.engines.processes import spare_port, start, stop

pytestmark = pytest.mark.slow

CROWD = 200
"""Connections a single stranger holds: many times what there are threads for."""
PATIENCE = 2.0
"""Seconds anybody else may wait, on a machine that is busy with other tests too."""
HEAD = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


@dataclass(frozen=True)
class Node:
    port: int

    def serves(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(self._url("/health/ready"), timeout=1).status_code == 200
        return False

    def slowest(self, times: int = 10) -> float:
        """Seconds the slowest of some honest requests took, each on a connection of its own."""
        taken = []
        for _ in range(times):
            begun = time.monotonic()
            assert httpx.get(self._url("/login/"), timeout=PATIENCE).status_code == 303
            taken.append(time.monotonic() - begun)
        return max(taken)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node as an operator starts it."""
    directory, found = tmp_path_factory.mktemp("node"), Node(spare_port())
    own = {"HUTONG_ENVIRONMENT": "testing", "HUTONG_VAR_DIR": str(directory / "var")}
    command = [sys.executable, "-m", "idp", "serve", "--port", str(found.port), "--no-worker"]
    process = _started(command, directory / "log", found, {**os.environ, **own})
    yield found
    stop(process)


def _started(
    command: list[str], log: Path, node: Node, environ: dict[str, str]
) -> subprocess.Popen[bytes]:
    return start(command, log, node.serves, cwd=ROOT, env=environ)


@contextmanager
def crowd(node: Node, said: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have ``said`` something and wait."""
    held = [socket.create_connection(("127.0.0.1", node.port), 5) for _ in range(CROWD)]
    try:
        for each in held:
            each.sendall(said)
        yield held
    finally:
        for each in held:
            each.close()


def test_connections_that_say_nothing_hold_up_nobody(node: Node) -> None:
    with crowd(node, b""):
        assert node.slowest() < PATIENCE


SLOW_BODY = (
    b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na"
)


SLOW_CHUNKS = (
    b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
)


@pytest.mark.parametrize("body", [SLOW_BODY, SLOW_CHUNKS], ids=["whole", "in chunks"])
def test_bodies_that_come_byte_by_byte_hold_up_nobody(node: Node, body: bytes) -> None:
    """A crowd of 200; eight are enough to take every thread of the default web process."""
    with crowd(node, body):
        assert node.slowest() < PATIENCE


def test_a_body_in_chunks_is_read_like_any_other(node: Node) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{node.port}/oauth/token",
        content=iter([b"grant_type=", b"password"]),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.json()["error"] == "unsupported_grant_type"


def test_heads_that_come_byte_by_byte_hold_up_nobody(node: Node) -> None:
    with crowd(node, HEAD) as held:
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.2):
                for each in held:
                    with suppress(OSError):
                        each.send(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert node.slowest() < PATIENCE
        finally:
            over.set()
            dripping.join()


def test_answers_nobody_reads_hold_up_nobody(node: Node) -> None:
    asked = b"GET /static/hutong.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40
    with crowd(node, asked):
        assert node.slowest() < PATIENCE


def test_a_head_without_end_is_cut_off(node: Node) -> None:
    with closing(socket.create_connection(("127.0.0.1", node.port), 5)) as endless:
        endless.settimeout(5)
        endless.sendall(HEAD)

        assert _is_cut_off(endless)


def _is_cut_off(endless: socket.socket) -> bool:
    """Whether the server ends the conversation before it was told four megabytes."""
    try:
        for _ in range(64):
            endless.sendall(b"a" * 65_536)
        return endless.recv(100).startswith(b"HTTP/1.1 431")
    except ConnectionError:
        return True
