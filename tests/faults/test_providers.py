"""Whoever the node calls hangs at fifty calls a second: people who need nothing of it go on."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.processes import cpu_of, tree
from tests.faults import callers
from tests.faults.outside import BACKCHANNEL, KEYS, SMS
from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(600)]

FULL, SHORT = 60.0, 15.0
"""Seconds of hanging: in full in the first round, in short in those that repeat it."""
HANG = 60.0
"""Seconds each call is left without an answer."""
CALM = 10.0
"""Seconds single sign-on is counted before the provider hangs; then for as long as it does."""
DISTURBED, TRIES = 0.05, 4
"""A window in which strangers used more than this of our cores is counted anew."""
WAITS = 3.0
ITS_OWN = 1.0
"""Seconds a request may take beside what it waits for a provider."""
MOST = 0.10
OTHERS = frozenset({"password", "sms", "opening", "changes"})


@dataclass
class Measured:
    """Passes of single sign-on a second, without and with the provider."""

    calm: float = 0.0
    hanging: float = 0.0

    @property
    def fall(self) -> float:
        return 1 - self.hanging / self.calm


@contextmanager
def hanging(rig: Rig, parts: str, seconds: float, measured: Measured) -> Iterator[None]:
    measured.calm = undisturbed(rig, CALM)
    with rig.outside.hanging(parts, HANG):
        measured.hanging = undisturbed(rig, seconds)
        yield


def undisturbed(rig: Rig, seconds: float) -> float:
    """Passes a second, in the first window that had the cores for itself: the difference of two
    is the provider's then, and nobody else's.
    """
    shares = []
    for _ in range(TRIES):
        since, before = time.monotonic(), _strangers(rig)
        time.sleep(seconds)
        passes = rig.ledger.passes_between(since, time.monotonic(), "sso")
        used = sum(cpu - before.get(pid, 0.0) for pid, cpu in _strangers(rig).items())
        shares.append(used / (time.monotonic() - since))
        if shares[-1] <= DISTURBED:
            return passes / seconds
    pytest.fail(f"the machine was never quiet: strangers used {shares} of our cores")


def _strangers(rig: Rig) -> dict[int, float]:
    """Seconds of CPU of each process that is neither ours nor kept off our cores.

    The cores' own counters would not do: they are samples of a timer, and while fifty calls began
    every second they gave strangers 6 to 8 % where asking each of them finds 2.
    """
    ours = tree(os.getpid())
    if rig.engines.embedded:  # it outlives the ``serve`` that started it
        ours |= tree(rig.node.pid("valkey"))
    running = {int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()}
    return {pid: cpu_of({pid}) for pid in running - ours if _reaches_us(pid)}


def _reaches_us(pid: int) -> bool:
    try:
        return not os.sched_getaffinity(pid).isdisjoint(os.sched_getaffinity(0))
    except ProcessLookupError:
        return False


PROVIDERS: dict[str, tuple[str, Callable[[Rig], Callable[[], None]], float, Limits]] = {
    "both SMS providers": (SMS, callers.asks_for_codes, callers.RATE, Limits(0, 30)),
    "a portal's jwks_uri": (KEYS, callers.shows_assertions, callers.RATE, Limits(0, 10)),
    "the back channels": (
        BACKCHANNEL,
        callers.signs_out,
        callers.RATE / callers.PORTALS,
        Limits(0, 10, told=240),
    ),
}


@pytest.mark.parametrize("who", PROVIDERS)
def test_nobody_waits_for_a_provider_that_hangs(rig: Rig, who: str, first_round: bool) -> None:
    parts, caller, rate, limits = PROVIDERS[who]
    seconds = FULL if first_round else SHORT
    call, measured = caller(rig), Measured()
    rig.load.staying_away = OTHERS

    @contextmanager
    def fault() -> Iterator[None]:
        try:
            with callers.calling(call, rate), hanging(rig, parts, seconds, measured):
                yield
        finally:
            rig.load.staying_away = frozenset()

    limits = replace(limits, answer=WAITS + ITS_OWN)
    result = rig.through(f"{who} hang for {seconds:.0f} s", fault(), limits, lasts=0.0)
    assert result.wrong == ()
    assert measured.fall < MOST, f"single sign-on fell by {measured.fall:.0%}: {measured}"
