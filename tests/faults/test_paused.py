"""Processes that stop in the middle of what they do, and go on ten seconds later."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

PAUSE = 10.0
PAUSED: dict[str, tuple[Callable[[Rig], int], Limits]] = {
    # Whoever it had already accepted waits for it: nothing else can answer them.
    "a web worker": (lambda rig: rig.node.web_workers()[0], Limits(PAUSE + 4, 10)),
    "the worker": (lambda rig: rig.node.pid("worker"), Limits(5, 20)),
    "serve itself": (lambda rig: rig.node.pid("serve"), Limits(5, 5, spotless=True)),
}


@contextmanager
def paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("who", PAUSED)
def test_a_paused_process_goes_on_where_it_was(rig: Rig, who: str) -> None:
    find, limits = PAUSED[who]
    result = rig.through(f"pause {who} for 10 s", paused(find(rig)), limits, lasts=PAUSE)
    assert result.wrong == ()


@contextmanager
def engine_paused(rig: Rig, name: str) -> Iterator[None]:
    server = getattr(rig.engines, name)
    if server is None:
        with paused(rig.node.pid("valkey")):
            yield
        return
    server.stall()
    try:
        yield
    finally:
        server.go_on()


@pytest.mark.parametrize("engine", ["redis", pytest.param("sql", marks=pytest.mark.servers)])
def test_a_silent_engine_is_waited_for_within_limits(rig: Rig, engine: str) -> None:
    name = f"pause {engine} for 10 s"
    result = rig.through(name, engine_paused(rig, engine), Limits(10, 30), lasts=PAUSE)
    assert result.wrong == ()
