"""The load: wrk with one thread for each connection, each walking a scenario's steps."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from secrets import token_hex

import orjson

from bench import scenarios, targets
from bench.install import HERE, VAR
from bench.meter import Meter, Used
from bench.scenarios import Scenario
from bench.targets import Target

_SCRIPT = HERE / "walk.lua"
_TAIL = 0.3
"""Seconds the load goes on after the window, so that its end is like its middle."""
_START = 0.15
"""Seconds wrk takes until it sends."""


class Refused(Exception):
    """A window in which something went wrong is no measurement; the text says what."""


@dataclass(frozen=True)
class Load:
    connections: int = 16
    seconds: float = 2.0
    warm_up: float = 0.7

    def times(self, factor: float) -> "Load":
        return replace(self, seconds=self.seconds * factor)


@dataclass(frozen=True)
class Window:
    """What was completed between two moments, and what that took."""

    done: int
    used: Used
    p50: float = 0.0
    p99: float = 0.0

    @property
    def per_second(self) -> float:
        return self.done / self.used.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.done / self.used.server if self.used.server else 0.0


def window(target: Target, scenario: Scenario, load: Load, meter: Meter) -> Window:
    """One window. Raises Refused when an answer was wrong or a connection broke."""
    known = targets.people(target, load.connections)
    if scenario.tokens_of:
        targets.give_tokens(target, known, scenario.tokens_of)
    begin = time.clock_gettime(time.CLOCK_MONOTONIC) + _START + load.warm_up
    end = begin + load.seconds
    plan = {
        "name": token_hex(4),
        "from": begin,
        "till": end,
        "steps": [_step(each) for each in scenario.steps(target)],
        "browsers": [scenarios.browsers(person) for person in known],
    }
    file = VAR / "plan.lua"
    file.write_text(f"return {lua(plan)}\n", "utf-8")
    process = subprocess.Popen(
        _command(target, load, file), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    _sleep_until(begin)
    before = meter.reading(target, process.pid)
    _sleep_until(end)
    used = meter.since(before, target, process.pid)
    said, _ = process.communicate(timeout=30)
    return _read(said, used, f"{scenario.name} at {target.name}")


def lua(value: object) -> str:
    """``value`` as a Lua expression."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"[{lua(name)}] = {lua(each)}" for name, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    if isinstance(value, str):
        return '"' + "".join(_escaped(byte) for byte in value.encode()) + '"'
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(type(value))


def _escaped(byte: int) -> str:
    char = chr(byte)
    return char if char.isalnum() and byte < 128 else f"\\{byte:03d}"  # noqa: PLR2004


def _step(step: scenarios.Step) -> dict[str, object]:
    wants = [
        {"pattern": want.pattern, "name": want.name, "from": want.source} for want in step.wants
    ]
    return {"head": step.head, "body": step.body, "status": step.status, "wants": wants}


def _command(target: Target, load: Load, plan: Path) -> list[str]:
    seconds = ceil(_START + load.warm_up + load.seconds + _TAIL)
    count = str(load.connections)
    return [
        *("wrk", "-t", count, "-c", count, "-d", f"{seconds}s", "--timeout", "10s"),
        *("-s", str(_SCRIPT), f"http://127.0.0.1:{target.port}", "--", str(plan)),
    ]


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.clock_gettime(time.CLOCK_MONOTONIC)))


def _read(said: str, used: Used, what: str) -> Window:
    lines = [line for line in said.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise Refused(f"{what}: wrk said: {said[-500:]}")
    found = orjson.loads(lines[0].removeprefix("RESULT "))
    if found["failed"] or found["broken"] or not found["flows"]:
        counted = f"{found['failed']} failed, {found['broken']} broken, {found['flows']} done"
        raise Refused(f"{what}: {counted}. {found['problem']}")
    return Window(found["flows"], used, found["p50"], found["p99"])
