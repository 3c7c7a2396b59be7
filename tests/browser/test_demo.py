"""`python -m demo`: starts everything, says where to look, stops everything."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo.plan import usual
from tests.browser.ports import spare

pytestmark = pytest.mark.browser
PATIENCE = 60.0


@pytest.fixture
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ht-") as folder:
        yield Path(folder)


def demo(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def consecutive_ports(count: int) -> int:
    """The first of ``count`` ports in a row that are free."""
    for candidate in spare(50):
        try:
            held = [socket.create_server(("127.0.0.1", candidate + i)) for i in range(count)]
        except OSError:
            continue
        for each in held:
            each.close()
        return candidate
    raise AssertionError("no free ports in a row")


def what_it_says(process: "subprocess.Popen[str]", until: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if until in line:
            return said
    raise AssertionError(said)


def stopped(process: "subprocess.Popen[str]") -> int:
    """By somebody in a hurry: again while it is stopping."""
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    return process.returncode


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_it_refuses_to_listen_beyond_loopback(var: Path) -> None:
    process = demo("--host", "0.0.0.0", "--var", os.fspath(var / "demo"))
    said, _ = process.communicate(timeout=30)

    assert process.returncode == 1 and "loopback only" in said
    assert not (var / "demo").exists()


def test_a_port_that_is_taken_is_named(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        process = demo("--first-port", str(port), "--var", os.fspath(var))
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 1 and f"Port {port} (node) is taken" in said


def test_it_starts_twice_on_the_same_data_and_leaves_nothing_running(var: Path) -> None:
    port = consecutive_ports(len(usual(var).places))
    places = usual(var, port).places
    secrets = []
    for _ in range(2):
        began = time.monotonic()
        process = demo("--first-port", str(port), "--var", os.fspath(var))
        said = what_it_says(process, "Ctrl-C")
        assert time.monotonic() - began < PATIENCE
        assert f"http://localhost:{port}/demo" in said and "演示已就绪" in said
        assert answers(port, "/demo") and answers(places["gjj"].port, "/")
        secrets.append((var / "client-secrets.json").read_text("utf-8"))

        assert stopped(process) == 0
        assert not any(listens(place.port) for place in places.values())

    assert secrets[0] == secrets[1]
    assert (var / "client-secrets.json").stat().st_mode & 0o077 == 0
