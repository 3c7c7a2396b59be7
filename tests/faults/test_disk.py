"""A disk without a byte left, under the database or under Redis."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.processes import Server
from tests.faults import disks
from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]


def place_of(rig: Rig, engine: str) -> Path:
    folder = "var" if rig.engines.embedded else {"sql": "pg", "redis": "redis"}[engine]
    return rig.node.directory / folder


@contextmanager
def full_disk(rig: Rig, engine: str) -> Iterator[None]:
    """An engine that gives up over it is started again by what looks after it."""
    with disks.full(place_of(rig, engine)):
        yield
    server = getattr(rig.engines, engine)
    if isinstance(server, Server):
        time.sleep(0.5)
        if server.process.poll() is not None:
            server.start()


@pytest.mark.parametrize("engine", ["redis", pytest.param("sql", marks=pytest.mark.servers)])
def test_a_full_disk_refuses_honestly_and_loses_nothing(disked: Rig, engine: str) -> None:
    name = f"the disk of {engine} is full for 5 s"
    result = disked.through(name, full_disk(disked, engine), Limits(10, 30), lasts=5.0)
    assert result.wrong == ()
