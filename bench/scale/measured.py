"""What was measured, and what it says: medians, quantiles, and ratios with their uncertainty."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

_RESAMPLES = 4000
_CHANCE = random.Random(1)  # noqa: S311 - the same interval for the same numbers
OURS = ("web", "worker")
"""Processes of the node; ``pg_web`` is PostgreSQL's work for the web process, and so on."""


@dataclass
class Measured:
    """What one kind of operation cost in one round on one node, each."""

    count: int
    wall: list[float]
    cpu: dict[str, float]
    """Milliseconds of CPU by who spent them."""
    sent: float = 0.0
    received: float = 0.0

    @property
    def all_cpu(self) -> float:
        return sum(self.cpu.values())

    @property
    def postgres(self) -> float:
        return sum(value for who, value in self.cpu.items() if who.startswith("pg_"))


@dataclass
class Series:
    """All rounds of one node."""

    accounts: int
    measured: dict[str, list[Measured]] = field(default_factory=lambda: defaultdict(list))


def table(series: Sequence[Series]) -> list[dict[str, Any]]:
    """A row for each operation and size; ratios are against the first of the series."""
    return [
        _row(name, each, each.measured[name], series[0].measured[name])
        for name in series[0].measured
        for each in series
    ]


def _row(
    name: str, series: Series, rounds: Sequence[Measured], base: Sequence[Measured]
) -> dict[str, Any]:
    wall = [second * 1000 for each in rounds for second in each.wall]
    return {
        "operation": name,
        "accounts": series.accounts,
        "rounds": len(rounds),
        "operations": sum(each.count for each in rounds),
        **{f"{who}_ms": _middle(rounds, who) for who in rounds[0].cpu},
        "postgres_ms": round(median(each.postgres for each in rounds), 3),
        "cpu_ms": round(median(each.all_cpu for each in rounds), 3),
        "p50_ms": round(median(wall), 2),
        "p99_ms": round(quantiles(wall, n=100)[98], 2),
        "bytes_in": round(median(each.sent for each in rounds)),
        "bytes_out": round(median(each.received for each in rounds)),
        "cpu_ratio": ratio([e.all_cpu for e in rounds], [e.all_cpu for e in base]),
        "web_ratio": ratio([e.cpu["web"] for e in rounds], [e.cpu["web"] for e in base]),
        "postgres_ratio": ratio([e.postgres for e in rounds], [e.postgres for e in base]),
        "p50_ratio": ratio([median(e.wall) for e in rounds], [median(e.wall) for e in base]),
    }


def ratio(mine: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The median ratio of the same rounds, and its 95 % interval by resampling rounds."""
    each = [a / b for a, b in zip(mine, theirs, strict=True) if b > 0]
    if not each:
        return []
    drawn = sorted(median(_CHANCE.choices(each, k=len(each))) for _ in range(_RESAMPLES))
    low, high = drawn[int(0.025 * _RESAMPLES)], drawn[int(0.975 * _RESAMPLES)]
    return [round(median(each), 3), round(low, 3), round(high, 3)]


def _middle(rounds: Sequence[Measured], who: str) -> float:
    return round(median(each.cpu[who] for each in rounds), 3)
