"""One process after another is restarted, as an upgrade is done: nobody notices."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.node import Node, until
from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]


@contextmanager
def beside(rig: Rig) -> Iterator[Node]:
    """A second node of the same service, on the same engines and with the same keys."""
    directory = rig.node.directory / "twin"
    (directory / "var").mkdir(parents=True, mode=0o700)
    shutil.copy(rig.node.var_dir / "keys.toml", directory / "var" / "keys.toml")
    twin = Node(directory, rig.engines, rig.outside.url, rig.node.issuer)
    rig.place.ports.append(twin.port)
    try:
        yield twin
    finally:
        rig.place.ports.remove(twin.port)
        rig.load.rest()
        twin.stop()
        shutil.rmtree(directory)


@contextmanager
def restarted(*nodes: Node) -> Iterator[None]:
    """In order: the next one stops when the one before is ready again."""
    for node in nodes:
        node.restart()
        until(node.settled, "ready again", 20)
    yield


@pytest.mark.servers
def test_a_rolling_restart_refuses_nobody(rig: Rig) -> None:
    with beside(rig) as twin:
        limits = Limits(5, 20, spotless=True)
        result = rig.through("rolling restart", restarted(twin, rig.node), limits, lasts=1.0)
    assert result.wrong == ()
