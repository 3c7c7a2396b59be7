"""A node whose clock is minutes away from its engines', or jumps while people are on their way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines import pairs
from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

WITHOUT = "libfaketime is not installed (Debian: apt-get install libfaketime)"
JUMPS = {"3 min ahead": "+180s", "3 min behind": "-180s"}


def library() -> Path | None:
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


@pytest.fixture
def skewable(rig: Rig) -> Iterator[Path]:
    """The file that says how far the clock of the node's own processes is off."""
    preloaded = library()
    pairs.require("" if preloaded else WITHOUT)
    offset = rig.node.directory / "clock"
    offset.write_text("+0s")
    rig.node.restart(
        LD_PRELOAD=str(preloaded),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        FAKETIME_SKIP_CMDS="valkey-server",
    )
    yield offset
    rig.node.restart()


@contextmanager
def jumped(offset: Path, how_far: str) -> Iterator[None]:
    offset.write_text(how_far)
    try:
        yield
    finally:
        offset.write_text("+0s")


def test_a_clock_that_jumps_there_and_back_changes_nothing(rig: Rig, skewable: Path) -> None:
    for name, how_far in JUMPS.items():
        fault = jumped(skewable, how_far)
        result = rig.through(f"the clock jumps {name}", fault, Limits(5, 10), lasts=5.0)
        assert result.wrong == ()
