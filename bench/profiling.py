"""Where the time of our worker goes under a scenario's load: py-spy, from outside."""

import json
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import install, ours, targets, wrk
from bench.install import ROOT, VAR, Missing
from bench.meter import Meter
from bench.processes import cpu_of
from bench.scenarios import SCENARIOS
from bench.targets import Target

_SECONDS = 8
_RATE = 500
_WAITS = "granian/wsgi.py"
"""A thread whose innermost frame this is waits for the next request."""


def profile(node: ours.Node, name: str, lines: int, meter: Meter) -> str:
    """A table of functions by their own time and by all below them; a flame graph beside it."""
    spy = install.python_packages("profiler") / "py-spy"
    with ours.started(node, ours.Serving()) as target:
        targets.people(target, 16)
        load = wrk.Load(seconds=_SECONDS + 1.5, warm_up=0.5)
        with ThreadPoolExecutor(1) as pool:
            window = pool.submit(wrk.window, target, SCENARIOS[name], load, meter)
            time.sleep(1.0)
            raw = VAR / f"profile-{name}.json"
            _record(spy, _worker(target), raw)
            found = window.result()
    return _table(raw, lines) + (
        f"\n{found.per_second:.0f} {name}/s, {found.per_cpu_second:.0f} per CPU second "
        f"(slowed by the profiler); https://www.speedscope.app reads {raw.relative_to(ROOT)}\n"
    )


def _worker(target: Target) -> int:
    """The process that answers: the busiest of the tree while the load is on."""
    return max(target.program.tree(), key=lambda pid: cpu_of({pid}))


def _record(spy: Path, pid: int, raw: Path) -> None:
    command = [spy, "record", "-p", pid, "-d", _SECONDS, "-r", _RATE, "-o", raw,
               "-f", "speedscope", "--gil", "--nonblocking"]  # fmt: skip
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    if done.returncode or not raw.exists():
        raise Missing(f"py-spy: {done.stderr.decode()[-500:]}")


def _table(raw: Path, lines: int) -> str:
    data = json.loads(raw.read_text("utf-8"))
    frames = data["shared"]["frames"]
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    total = 0.0
    for thread in data["profiles"]:
        for stack, weight in zip(thread["samples"], thread["weights"], strict=True):
            names = [_named(frames[at]) for at in stack]
            if not names or _WAITS in names[-1]:
                continue
            total += weight
            own[names[-1]] += weight
            for each in set(names):
                below[each] += weight
    head = f"{'own':>6} {'all':>6}  function (share of the time it held the interpreter)\n"
    rows = [
        f"{own[each] / total:6.1%} {share / total:6.1%}  {each}\n"
        for each, share in below.most_common(lines)
    ]
    rows.append("\nby own time\n")
    rows += [
        f"{share / total:6.1%} {below[each] / total:6.1%}  {each}\n"
        for each, share in own.most_common(lines)
    ]
    return head + "".join(rows)


def _named(frame: dict[str, object]) -> str:
    file = str(frame.get("file", ""))
    for cut in ("site-packages/", f"{ROOT}/", "lib/python3"):
        file = file.rpartition(cut)[2]
    return f"{frame['name']} ({file})"
