"""What was measured: a table for a terminal, one line of JSON, the raw rounds in a file."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from bench import cells, figures, windows
from bench.install import HERE
from bench.ours import NAME
from bench.scenarios import SCENARIOS
from bench.whole import Results
from bench.windows import Measured, per_cpu_second, per_second

RAW = HERE / "results" / "latest.json"
TITLES = {
    **{name: scenario.title for name, scenario in SCENARIOS.items()},
    "sms_sign_in": "Complete sign-in by SMS code",
    "password_sign_in": "Complete sign-in by password",
}


def as_text(measured: Mapping[str, Mapping[str, Measured]]) -> str:
    lines = [f"{'':20} {'':16} {'per second':>24} {'per CPU second':>24}   busy"]
    for scenario, servers in measured.items():
        for server, rounds in servers.items():
            lines.append(f"{scenario:20} {server:16} {_line(rounds)}")
        lines += [
            f"{'':20} {'vs ' + server:16} {_ratio_line(servers[NAME], rounds)}"
            for server, rounds in servers.items()
            if server != NAME and NAME in servers
        ]
    return "\n".join(lines) + "\n"


def write(results: Results, file: Path = RAW) -> None:
    """Keep the raw rounds beside the bench."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(orjson.dumps(_raw(results), option=orjson.OPT_INDENT_2) + b"\n")


def as_json(results: Results) -> str:
    """Every ratio and rate by name, each with the lower end of its interval."""
    found: dict[str, float] = {}
    for prefix, table in (("", results.side_by_side), ("two_cores_", results.two_cores)):
        for scenario, servers in table.items():
            for server in servers:
                if server != NAME:
                    found |= _named(f"{prefix}{scenario}_vs_{server}", servers, server)
    for scenario, servers in (results.side_by_side | results.sign_ins).items():
        found |= _rate(f"{scenario}s_per_s" if "sign_in" in scenario else scenario + "_per_s",
                       servers[NAME])  # fmt: skip
    for scenario, servers in results.embedded.items():
        found |= _rate(f"embedded_{scenario}_per_s", servers[NAME])
    return orjson.dumps(found | troubles(results)).decode()


def _line(rounds: Measured) -> str:
    if not rounds.kept:
        return f"no figure: {' '.join(rounds.refused[-1].split())[:160]}"
    said = [cells.cell(rounds, rate).rjust(24) for rate in (per_second, per_cpu_second)]
    noted = f"   {rounds.disturbed} disturbed" if rounds.disturbed else ""
    return f"{said[0]} {said[1]}   {cells.busy(rounds)}{noted}"


def _ratio_line(ours: Measured, theirs: Measured) -> str:
    return " ".join(
        cells.ratio(ours, theirs, rate).rjust(24) for rate in (per_second, per_cpu_second)
    )


def _named(name: str, servers: Mapping[str, Measured], other: str) -> dict[str, float]:
    found = {}
    for suffix, rate in (("", per_second), ("_cpu", per_cpu_second)):
        ratio = windows.ratio(servers[NAME], servers[other], rate)
        if ratio:
            found[f"{name}{suffix}"] = round(ratio.middle, 3)
            found[f"{name}{suffix}_low"] = round(ratio.low, 3)
    return found


def _rate(name: str, rounds: Measured) -> dict[str, float]:
    """The middle and the lower end of the interval of a rate of ours alone."""
    values = [(window.per_second, 1.0) for window in rounds.kept]
    if len(values) < 2:  # noqa: PLR2004
        return {}
    found = figures.ratio(values)
    return {name: round(found.middle, 1), f"{name}_low": round(found.low, 1)}


def every(results: Results) -> list[Measured]:
    tables = (results.side_by_side, results.sign_ins, results.two_cores, results.sweep,
              results.embedded)  # fmt: skip
    return [each for table in tables for servers in table.values() for each in servers.values()]


def troubles(results: Results) -> dict[str, float]:
    return {
        "phases_broken_off": len(results.problems),
        "windows": sum(len(each.kept) for each in every(results)),
        "windows_disturbed": sum(each.disturbed for each in every(results)),
        "windows_thrown_away": sum(each.thrown_away for each in every(results)),
        "windows_refused": sum(len(each.refused) for each in every(results)),
    }


def _raw(results: Results) -> dict[str, object]:
    tables = {
        "side_by_side": results.side_by_side,
        "sign_ins": results.sign_ins,
        "two_cores": results.two_cores,
        "sweep": results.sweep,
        "embedded": results.embedded,
    }
    return {"about": results.about} | {
        name: {
            scenario: {server: _rounds(each) for server, each in servers.items()}
            for scenario, servers in table.items()
        }
        for name, table in tables.items()
    }


def _rounds(measured: Measured) -> list[dict[str, float] | None]:
    return [
        {
            "per_second": round(window.per_second, 2),
            "per_cpu_second": round(window.per_cpu_second, 2),
            "p50_ms": round(window.p50 * 1000, 2),
            "p99_ms": round(window.p99 * 1000, 2),
            "busy": round(window.used.busy, 3),
            "strangers": round(window.used.disturbed, 3),
        }
        if window
        else None
        for window in measured.rounds
    ]
