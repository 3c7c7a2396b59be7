"""What was measured: a table for a terminal, docs/performance.md, and one line of JSON."""

from collections.abc import Mapping

from bench import windows
from bench.ours import NAME
from bench.windows import Measured, per_cpu_second, per_second

Table = Mapping[str, Mapping[str, Measured]]


def as_text(measured: Table) -> str:
    lines = [f"{'':20} {'':14} {'per second':>24} {'per CPU second':>24}   busy"]
    for scenario, servers in measured.items():
        for server, rounds in servers.items():
            lines.append(f"{scenario:20} {server:14} {_cell(rounds)}")
        lines += [
            f"{'':20} {'vs ' + server:14} {_ratios(servers[NAME], rounds)}"
            for server, rounds in servers.items()
            if server != NAME
        ]
    return "\n".join(lines) + "\n"


def _cell(rounds: Measured) -> str:
    wall, cpu = (windows.spread(rounds, rate) for rate in (per_second, per_cpu_second))
    if wall is None or cpu is None:
        return f"no figure: {rounds.refused[-1][:200]}"
    busy = sum(window.used.busy for window in rounds.kept) / len(rounds.kept)
    said = [
        f"{each.median:9.1f} ({each.least:.0f}–{each.most:.0f})".rjust(24) for each in (wall, cpu)
    ]
    noted = f"   {rounds.disturbed} disturbed" if rounds.disturbed else ""
    return f"{said[0]} {said[1]}   {busy:.0%}{noted}"


def _ratios(ours: Measured, theirs: Measured) -> str:
    said = []
    for rate in (per_second, per_cpu_second):
        found = windows.ratio(ours, theirs, rate)
        text = f"{found.middle:.2f} [{found.low:.2f}, {found.high:.2f}]" if found else "–"
        said.append(text.rjust(24))
    return " ".join(said)
