"""The whole measurement, phase by phase; what ``make bench`` runs."""

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench import comparing, engines, install, ours, peers, sign_ins, targets, windows, wrk
from bench.browser import Unexpected
from bench.comparing import Plan
from bench.engines import Bed
from bench.install import ROOT, VAR, say
from bench.meter import Meter
from bench.ours import NAME, Serving
from bench.processes import BOTH_CORES, OTHER_CORES, DidNotStart, pin
from bench.scenarios import SCENARIOS
from bench.targets import Target
from bench.windows import Measured

Table = dict[str, dict[str, Measured]]
SWEEP = (1, 2, 4, 8, 16, 32, 64)
_FLOW = "sso_flow"
_LONG = 2.0
"""Sign-ins are few: their windows, and the time before, are longer."""


@dataclass
class Results:
    """By scenario and server; ``sweep`` by connections and server."""

    about: dict[str, str]
    side_by_side: Table = field(default_factory=dict)
    sign_ins: Table = field(default_factory=dict)
    two_cores: Table = field(default_factory=dict)
    sweep: Table = field(default_factory=dict)
    embedded: Table = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Phases that broke off."""


def everything(plan: Plan, command: str) -> Results:
    with engines.bed(VAR) as bed:
        found = Results(about(command, plan))
        meter = Meter(bed.programs)
        with ours.set_up("ours", ours.of_engines(bed), plan.people) as node:
            with comparing.standing(bed, node, peers.PEERS) as all_:
                found.side_by_side = comparing.side_by_side(all_, list(SCENARIOS), plan, meter)
                found.sign_ins = _sign_ins(all_[0], node, plan, meter)
                found.sweep = _sweep(all_[:2], plan, meter)
            found.two_cores = _two_cores(bed, node, plan, meter)
    try:
        found.embedded = _embedded(plan)
    except (Unexpected, TimeoutError, DidNotStart) as problem:  # the rest is worth keeping
        found.problems.append(f"embedded engines: {problem!r}")
    return found


def about(command: str, plan: Plan) -> dict[str, str]:
    return {
        "command": command,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _says(["git", "rev-parse", "--short", "HEAD"]),
        "machine": machine(),
        "rounds": f"{plan.rounds} of {plan.load.seconds:g} s, {plan.load.connections} connections",
        "versions": ", ".join(f"{name} {value}" for name, value in _versions().items()),
    }


def _sign_ins(target: Target, node: ours.Node, plan: Plan, meter: Meter) -> Table:
    say("Sign-ins")
    load = replace(plan.load, seconds=plan.load.seconds * _LONG, warm_up=plan.load.warm_up * _LONG)
    ways = {"sms_sign_in": sign_ins.by_sms, "password_sign_in": sign_ins.by_password}
    tasks = {
        name: partial(sign_ins.loop(way, node).window, target, load, meter)
        for name, way in ways.items()
    }
    measured = windows.interleaved(tasks, plan.rounds, plan.patience)
    return {name: {NAME: each} for name, each in measured.items()}


def _sweep(both: list[Target], plan: Plan, meter: Meter) -> Table:
    say("From 1 to 64 connections")
    tasks: dict[str, windows.Task] = {}
    for target in both:
        targets.people(target, max(SWEEP))
        for count in SWEEP:
            load = replace(plan.load, connections=count)
            task = partial(wrk.window, target, SCENARIOS[_FLOW], load, meter)
            tasks[f"{count} {target.name}"] = task
    measured = windows.interleaved(tasks, max(2, plan.rounds // 3), plan.patience)
    return {
        str(count): {target.name: measured[f"{count} {target.name}"] for target in both}
        for count in SWEEP
    }


def _two_cores(bed: Bed, node: ours.Node, plan: Plan, meter: Meter) -> Table:
    """Two processes of each on both cores, with everything else beside them."""
    say("Two cores")
    with (
        _anywhere(bed),
        ours.started(node, Serving(workers=2)) as mine,
        peers.node(bed.redis, processes=2) as other,
    ):
        for companion in mine.companions:
            _move(companion.tree(), BOTH_CORES)
        return comparing.side_by_side([mine, other], [_FLOW], plan, meter)


def _embedded(plan: Plan) -> Table:
    """Ours alone on the engines it brings along."""
    say("The embedded engines")
    with ours.set_up("embedded", {}, plan.people) as node, ours.started(node, Serving()) as target:
        meter, few = Meter(()), replace(plan, rounds=max(2, plan.rounds // 2))
        targets.check_id_token(target)
        found = comparing.side_by_side([target], list(SCENARIOS), few, meter)
        return found | _sign_ins(target, node, few, meter)


@contextmanager
def _anywhere(bed: Bed) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    programs = {pid for program in bed.programs for pid in program.tree()}
    os.sched_setaffinity(0, BOTH_CORES)
    _move(programs, BOTH_CORES)
    yield
    os.sched_setaffinity(0, before)
    _move(programs, OTHER_CORES)


def _move(pids: set[int], cores: frozenset[int]) -> None:
    for pid in pids:
        pin(pid, cores)


def _versions() -> Mapping[str, str]:
    ours_ = {name: version(name) for name in ("granian", "flask", "authlib", "redis", "psycopg")}
    return {
        "Python": platform.python_version(),
        **ours_,
        **engines.versions(),
        "wrk": _says(["wrk", "--version"]).split()[1],
        **install.versions(),
    }


def machine() -> str:
    """What it was measured on: cores, their model, the kernel."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}"


def _says(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
