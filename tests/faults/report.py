"""What the rig has seen, round by round: kept in a file, told in docs/faults.md.

``python -m tests.faults.report FILE`` writes the table of the page from what ``--record FILE``
has kept.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench import page
from idp.settings import ROOT
from tests.faults.rig import Result

PAGE = ROOT / "docs" / "faults.md"
_PAIRS = {"real": "PostgreSQL and Redis", "embedded": "SQLite and Valkey"}
_PAIR = re.compile(r"\[(\w+?)-(\d+)\b")
"""Of a test's name: which engines, and which round."""
_LENGTH = re.compile(r"( for)? \d+ s\b")
"""How long a fault lasted differs between the first round and those that repeat it."""


class Record:
    """A line for each trial and each test, kept as soon as it is over: when, at which commit, in
    which round, and what was seen. A test that broke has no trial to tell of, and shows by its
    own line. Without a file nothing is kept.
    """

    def __init__(self, file: Path | None):
        self._file = file
        self._commit = _said("git", "describe", "--always", "--dirty") if file else ""

    def trial(self, pair: str, result: Result) -> None:
        place = {"round": int(pair.rpartition("-")[2])}
        self._add(place | asdict(result) | {"verdict": result.verdict})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        place = _PAIR.search(report.nodeid)
        if place is None or not (report.when == "call" or report.failed):
            return
        said = {"engines": place[1], "round": int(place[2]), "test": report.nodeid}
        said["outcome"] = f"{report.when} {report.outcome}"
        why = {"why": report.longreprtext.splitlines()[-20:]} if report.failed else {}
        self._add(said | why)

    def _add(self, seen: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        run = {"at": datetime.now(UTC).isoformat(timespec="minutes"), "commit": self._commit}
        with self._file.open("ab") as lines:
            lines.write(orjson.dumps({**run, **seen}, option=orjson.OPT_APPEND_NEWLINE))


def as_markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """One row a fault: passed of all, the longest wait, the longest time to heal."""
    trials = [line for line in lines if "fault" in line]
    about = [_about(name, [line for line in lines if line["engines"] == name]) for name in _PAIRS]
    head = ["fault", *_PAIRS.values()]
    faults = dict.fromkeys(_LENGTH.sub("", str(t["fault"])) for t in trials)
    rows = [head, ["---", *(["---:"] * len(_PAIRS))]]
    for fault in faults:
        same = [t for t in trials if _LENGTH.sub("", str(t["fault"])) == fault]
        rows.append([fault, *(_cell([t for t in same if t["engines"] == n]) for n in _PAIRS)])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return "\n\n".join([*filter(None, about), table]) + "\n"


def _about(name: str, lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return ""
    rounds = sorted({line["round"] for line in lines})
    commits = ", ".join(dict.fromkeys(str(line["commit"]) for line in lines))
    tests = [line for line in lines if "test" in line]
    failed = [line["test"].rpartition("::")[2] for line in tests if "failed" in line["outcome"]]
    asked = sum(line.get("requests", 0) for line in lines)
    return (
        f"**{_PAIRS[name]}**: rounds {rounds[0]} to {rounds[-1]}, {len(tests)} tests, "
        f"{len(failed)} failed{': ' if failed else ''}{', '.join(failed)}; {asked:,} requests. "
        f"{lines[0]['at'][:10]} to {lines[-1]['at'][:10]}, commit {commits}."
    )


def _cell(trials: Sequence[Mapping[str, Any]]) -> str:
    if not trials:
        return "–"
    passed = sum(t["verdict"] == "passed" for t in trials)
    worst, healed = (max(float(t[name]) for t in trials) for name in ("worst", "healed"))
    return f"{passed} of {len(trials)}, {worst:.1f} s, {healed:.1f} s"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(file: str) -> None:
    lines = [orjson.loads(line) for line in Path(file).read_bytes().splitlines()]
    page.put("rounds", "make faults", as_markdown(lines), PAGE)


if __name__ == "__main__":
    main(sys.argv[1])
