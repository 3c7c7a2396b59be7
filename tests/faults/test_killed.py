"""Processes that die at once. The first of them is the part of the rig every `make test` runs."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.node import until
from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KILLED: dict[str, tuple[Callable[[Rig], int], Limits]] = {
    "a web worker": (lambda rig: rig.node.web_workers()[0], Limits(5, 10, may_break=True)),
    "the worker": (lambda rig: rig.node.pid("worker"), Limits(5, 15)),
    "the web server": (lambda rig: rig.node.pid("web"), Limits(5, 20, may_break=True)),
    "serve itself": (lambda rig: rig.node.pid("serve"), Limits(5, 25, may_break=True)),
}

SHORT, *REST = KILLED
FAULTS = pytest.mark.faults
param = pytest.param


@contextmanager
def killed(rig: Rig, pid: int) -> Iterator[None]:
    """Until the process is there again: what it leaves behind may well go on answering."""
    restarts, parent = rig.node.restarts, pid == rig.node.pid("serve")
    os.kill(pid, signal.SIGKILL)
    yield
    if parent:
        until(lambda: rig.node.restarts > restarts and rig.node.settled(), "started again", 30)


@pytest.mark.parametrize("who", [SHORT, *(param(who, marks=FAULTS) for who in REST)])
def test_a_killed_process_takes_nothing_with_it(rig: Rig, who: str) -> None:
    find, limits = KILLED[who]
    result = rig.through(f"kill -9 {who}", killed(rig, find(rig)), limits, lasts=1.0)
    assert result.wrong == ()


@contextmanager
def engine_killed(rig: Rig, name: str) -> Iterator[None]:
    """An engine of its own the node starts again itself; another its keeper does."""
    server = getattr(rig.engines, name)
    if server is None:
        os.kill(rig.node.pid("valkey"), signal.SIGKILL)
        yield
        return
    server.kill()
    yield
    server.start()


@pytest.mark.parametrize("engine", ["redis", pytest.param("sql", marks=pytest.mark.servers)])
def test_a_killed_engine_loses_nothing(rig: Rig, engine: str) -> None:
    result = rig.through(f"kill -9 {engine}", engine_killed(rig, engine), Limits(8, 20), lasts=2.0)
    assert result.wrong == ()
    until(rig.node.ready, "ready", 10)
