"""Rounds: everybody takes turns, so that a slow minute of the machine hits all alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench import figures
from bench.figures import Ratio, Spread
from bench.install import say
from bench.wrk import Refused, Window

DISTURBED = 0.05
"""A window in which strangers used more than this of a core is thrown away."""


@dataclass(frozen=True)
class Patience:
    """How often a window is tried again."""

    disturbed: int = 4
    """Because of strangers; the last is kept, and counted as disturbed."""
    refused: int = 2
    """Because of wrong answers; after that the task has no figure for this round."""


@dataclass
class Measured:
    """What one task brought, by round; None where no window counted."""

    rounds: list[Window | None] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    thrown_away: int = 0
    disturbed: int = 0
    """Windows kept although strangers were at work."""

    @property
    def kept(self) -> list[Window]:
        return [each for each in self.rounds if each is not None]


Task = Callable[[], Window]
Rate = Callable[[Window], float]


def per_second(window: Window) -> float:
    return window.per_second


def per_cpu_second(window: Window) -> float:
    return window.per_cpu_second


def interleaved(tasks: Mapping[str, Task], rounds: int, patience: Patience) -> dict[str, Measured]:
    """Each task once a round; who goes first changes from round to round."""
    found = {name: Measured() for name in tasks}
    names = list(tasks)
    for number in range(rounds):
        for name in _turned(names, number):
            window = _one(tasks[name], found[name], patience)
            found[name].rounds.append(window)
            say(f"  {number + 1}/{rounds} {name:34} {_told(window)}")
    return found


def ratio(ours: Measured, theirs: Measured, rate: Rate) -> Ratio | None:
    """Of the rounds in which both have a figure; None when these are too few."""
    pairs = [
        (rate(one), rate(other))
        for one, other in zip(ours.rounds, theirs.rounds, strict=True)
        if one is not None and other is not None
    ]
    return figures.ratio(pairs) if len(pairs) > 1 else None


def spread(measured: Measured, rate: Rate) -> Spread | None:
    values = [rate(window) for window in measured.kept]
    return figures.spread(values) if values else None


def _turned(names: Sequence[str], by: int) -> list[str]:
    at = by % len(names) if names else 0
    return [*names[at:], *names[:at]]


def _one(task: Task, measured: Measured, patience: Patience) -> Window | None:
    refused = 0
    for attempt in range(patience.disturbed + patience.refused + 1):
        try:
            window = task()
        except Refused as reason:
            refused += 1
            measured.refused.append(str(reason))
            say(f"  refused: {reason}")
            if refused > patience.refused:
                return None
            continue
        if window.used.disturbed <= DISTURBED:
            return window
        if attempt >= patience.disturbed:
            measured.disturbed += 1
            return window
        measured.thrown_away += 1
    return None


def _told(window: Window | None) -> str:
    if window is None:
        return "no figure"
    return (
        f"{window.per_second:9.1f}/s {window.per_cpu_second:9.1f} per CPU second, "
        f"server busy {window.used.busy:.0%}, strangers {window.used.disturbed:.0%}"
    )
