"""A node whose clock is minutes away from its engines', or jumps while people are on their way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(900)]

CLOCK = Path(__file__).parent / "clock"
FULL, SHORT = 180, 30
"""Seconds of a jump: in full in the first round, in short in those that repeat it."""

LIMITS = Limits(5, 10, told=330)
"""What was put off by a clock that is ahead waits until the right one gets there."""


@pytest.fixture
def skewable(rig: Rig) -> Iterator[Path]:
    """The file that says by how many seconds the clock of the node's own processes is off."""
    rig.broken = True  # until everything is as it was
    offset = rig.node.directory / "clock"
    offset.write_text("0")
    found = filter(None, [str(CLOCK), os.environ.get("PYTHONPATH", "")])
    rig.node.restart(PYTHONPATH=os.pathsep.join(found), RIG_CLOCK=str(offset))
    yield offset
    broken = rig.broken
    rig.node.restart()
    rig.broken = broken


@contextmanager
def jumped(offset: Path, how_far: str) -> Iterator[None]:
    offset.write_text(how_far)
    try:
        yield
    finally:
        offset.write_text("0")


def test_a_clock_that_jumps_there_and_back_changes_nothing(
    rig: Rig, skewable: Path, first_round: bool
) -> None:
    far = FULL if first_round else SHORT
    for name, seconds in {"ahead": far, "behind": -far}.items():
        fault = jumped(skewable, str(seconds))
        result = rig.through(f"the clock jumps {far} s {name}", fault, LIMITS, lasts=5.0)
        assert result.wrong == ()
