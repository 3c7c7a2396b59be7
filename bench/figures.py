"""What rounds add up to: medians with their spread, and paired ratios with their interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, median, stdev

_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179,
        2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
        2.060, 2.056, 2.052, 2.048, 2.045, 2.042)  # fmt: skip
"""Student's t for 95 % (two-sided) by degrees of freedom, from 1."""
_FEWEST = 2


@dataclass(frozen=True)
class Spread:
    """The middle of some rounds and their extremes."""

    median: float
    least: float
    most: float
    rounds: int


@dataclass(frozen=True)
class Ratio:
    """How many times ours is of the other's, round by round, with its 95 % interval."""

    middle: float
    low: float
    high: float
    rounds: int


def spread(values: Sequence[float]) -> Spread:
    if not values:
        raise ValueError("no rounds")
    return Spread(median(values), min(values), max(values), len(values))


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """Of (ours, theirs) measured in the same round. The interval is Student's, on logarithms:
    a ratio is as likely halved as doubled, and few rounds make it honestly wide."""
    if len(pairs) < _FEWEST:
        raise ValueError("an interval needs two rounds at least")
    logs = [log(ours / theirs) for ours, theirs in pairs]
    middle = fmean(logs)
    freedom = len(logs) - 1
    t = _T95[freedom - 1] if freedom <= len(_T95) else 1.96 + 2.4 / freedom
    half = t * stdev(logs) / sqrt(len(logs))
    return Ratio(exp(middle), exp(middle - half), exp(middle + half), len(logs))
