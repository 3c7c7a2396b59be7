"""Figures as people read them: the cells of a table, and the table."""

from bench import figures, windows
from bench.windows import Measured, Rate

_FEW = 100


def cell(rounds: Measured, rate: Rate) -> str:
    found = windows.spread(rounds, rate)
    if found is None:
        return "–"
    digits = 1 if found.median < _FEW else 0
    return f"{found.median:.{digits}f} ({found.least:.{digits}f}–{found.most:.{digits}f})"


def ratio(ours: Measured, theirs: Measured, rate: Rate) -> str:
    found = windows.ratio(ours, theirs, rate)
    return f"{found.middle:.2f} [{found.low:.2f}, {found.high:.2f}]" if found else "–"


def busy(rounds: Measured) -> str:
    return f"{sum(window.used.busy for window in rounds.kept) / len(rounds.kept):.0%}"


def waits(rounds: Measured, which: str) -> str:
    values = [1000 * getattr(window, which) for window in rounds.kept]
    return f"{figures.spread(values).median:.1f}" if values else "–"


def grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *(["---:"] * (len(head) - 1))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
