"""``serve`` is a whole node: whatever dies comes back, and everything ends with it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from idp import settings
from idp.commands.supervising import AlreadyRunning, Child, KeepsFailing, only_parent
from tests.engines.processes import spare_port, stop

PATIENCE = 40.0
ROOT = settings.ROOT


class Node:
    """A node started as an operator starts it, on embedded engines."""

    def __init__(self, var_dir: Path):
        self.var_dir, self.port, self.metrics = var_dir, spare_port(), spare_port()
        self.log = var_dir.parent / "serve.log"
        self.process = self.launch()

    def launch(self, *more: str) -> subprocess.Popen[bytes]:
        own = {
            "HUTONG_ENVIRONMENT": "testing",
            "HUTONG_VAR_DIR": str(self.var_dir),
            "HUTONG_SERVE__METRICS_PORT": str(self.metrics),
        }
        command = [sys.executable, "-m", "idp", "serve", "--port", str(self.port), *more]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **own}, stdout=log, stderr=log
            )

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        except httpx.HTTPError:
            return None

    def ready(self) -> bool:
        answer = self.get("/health/ready")
        return answer is not None and answer.status_code == 200

    def pid(self, name: str) -> int:
        folder = "valkey" if name == "valkey" else "run"
        return int((self.var_dir / folder / f"{name}.pid").read_text())

    def has_another(self, name: str, before: int) -> bool:
        try:
            return self.pid(name) != before
        except (FileNotFoundError, ValueError):
            return False  # between the two there is none


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"not within {PATIENCE} s: {what}")


@contextmanager
def running(directory: Path) -> Iterator[Node]:
    node = Node(directory / "var")
    try:
        until(node.ready, f"ready\n{node.log.read_text()[-3000:]}")
        yield node
    finally:
        stop(node.process)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with running(tmp_path) as node:
        yield node


def members(group: int) -> list[int]:
    """The processes of a group, which bears the number of the child that began it."""
    said = subprocess.run(
        ["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split() for line in said.splitlines())
    return [int(pid) for pid, pgid, state in rows if int(pgid) == group and state[0] != "Z"]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except OSError:
        return True


@pytest.mark.slow
def test_one_command_starts_a_node_and_its_end_ends_everything(node: Node) -> None:
    pids = [node.pid(name) for name in ("web", "worker", "valkey")]
    measures = httpx.get(f"http://127.0.0.1:{node.metrics}/metrics").text
    assert "http_request_seconds_count" in measures
    assert "/health/ready" in measures
    node.process.terminate()
    assert node.process.wait(PATIENCE) == 0
    assert all(gone(pid) for pid in pids)
    assert "Traceback" not in node.log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["web", "worker", "valkey"])
def test_whatever_is_killed_comes_back(node: Node, name: str) -> None:
    before = node.pid(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: node.has_another(name, before), f"another {name}")
    until(node.ready, "ready again")
    until(lambda: not members(before), f"nothing left of the {name} that was killed")


@pytest.mark.slow
def test_a_killed_node_starts_again_beside_what_it_left(node: Node) -> None:
    left = [node.pid(name) for name in ("web", "worker", "valkey")]
    node.process.kill()
    node.process.wait()
    node.process = node.launch()
    until(lambda: all(gone(pid) for pid in left), "its orphans ended")
    until(node.ready, "ready again")


@pytest.mark.slow
def test_a_second_node_on_the_same_data_is_refused(node: Node) -> None:
    second = node.launch()
    assert second.wait(PATIENCE) == 1
    assert "Another `serve` runs in" in node.log.read_text()
    assert node.ready()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "idp", "serve", "--port", str(taken.getsockname()[1])]
        own = {"HUTONG_ENVIRONMENT": "testing", "HUTONG_VAR_DIR": str(tmp_path / "var")}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["worker", "doctor"])
def test_commands_say_plainly_that_nothing_runs(tmp_path: Path, command: str) -> None:
    own = {"HUTONG_ENVIRONMENT": "testing", "HUTONG_VAR_DIR": str(tmp_path / "var")}
    done = subprocess.run(
        [sys.executable, "-m", "idp", command],
        cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Start the node with `python -m idp serve`" in done.stderr


def test_a_child_that_keeps_dying_is_not_hidden(tmp_path: Path) -> None:
    child = Child("short", [sys.executable, "-c", "raise SystemExit(3)"], {}, tmp_path, "nothing")
    child.start()
    with pytest.raises(KeepsFailing, match="the last time with status 3"):
        for _ in range(200):
            child.watch()
            time.sleep(0.05)


def test_a_node_has_one_parent(tmp_path: Path) -> None:
    with only_parent(tmp_path / "run"), pytest.raises(AlreadyRunning):  # noqa: SIM117
        with only_parent(tmp_path / "run"):
            pass
    with only_parent(tmp_path / "run"):
        pass
