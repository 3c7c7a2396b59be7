"""Options, rigs and the table of results of the fault rig."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engines import pairs
from tests.faults import disks, node
from tests.faults.report import Record
from tests.faults.rig import Result, Rig, built

_RESULTS: list[tuple[str, Result]] = []
"""By the pair of engines and the round, such as ``real-3``."""
_RECORD = "faults-record"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="the fault rig goes round so often")
    parser.addoption("--from-round", type=int, default=1, help="... and begins with this one")
    parser.addoption("--record", type=Path, help="a file each trial of the rig adds a line to")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A round is through on one pair of engines before the next begins."""
    if "pair" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--engines")
    names = pairs.PAIRS if chosen == "all" else (chosen,)
    if not set(names) <= set(pairs.PAIRS):
        pytest.exit(f"the fault rig breaks {' or '.join(pairs.PAIRS)}, not {chosen}", 2)
    first = metafunc.config.getoption("--from-round", 1)
    rounds = range(first, first + metafunc.config.getoption("--rounds", 1))
    metafunc.parametrize("pair", [f"{name}-{n}" for n in rounds for name in names], scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By round and pair first: the rig of one is stopped before that of the next starts.

    SQLite has no process to kill, and no network leads to engines a node brings along: what
    needs servers is left out there, not skipped.
    """
    items[:] = [item for item in items if not (_of_embedded(item) and _needs_servers(item))]
    ours = [n for n, item in enumerate(items) if _place(item)]
    for n, item in zip(ours, sorted((items[n] for n in ours), key=_place), strict=True):
        items[n] = item


def _place(item: pytest.Item) -> tuple[int, str]:
    callspec = getattr(item, "callspec", None)
    pair = str(callspec.params.get("pair", "")) if callspec else ""
    name, _, n = pair.partition("-")
    return (int(n), name) if pair else ()  # type: ignore[return-value]


def _of_embedded(item: pytest.Item) -> bool:
    place = _place(item)
    return bool(place) and place[1] == "embedded"


def _needs_servers(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("servers") is not None or "proxied" in fixtures


class Rigs:
    """One rig at a time; a trial that failed leaves none behind."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._key: object = None
        self._rig: Rig | None = None

    def on(self, pair: str, shape: str) -> Rig:
        if self._key != (pair, shape) or self._rig is None or self._rig.broken:
            self.stop()
            directory = self._stack.enter_context(node.short_directory())
            if shape == "disked":
                self._stack.enter_context(disks.small(directory))
            engines = node.engines(pair.partition("-")[0], directory, proxied=shape == "proxied")
            self._rig = self._stack.enter_context(
                built(directory, self._stack.enter_context(engines))
            )
            self._key = (pair, shape)
        return self._rig

    def stop(self) -> None:
        self._stack.close()
        self._rig, self._stack = None, ExitStack()


@pytest.fixture(scope="session")
def rigs() -> Iterator[Rigs]:
    rigs = Rigs()
    yield rigs
    rigs.stop()


@pytest.fixture(scope="session")
def record(request: pytest.FixtureRequest) -> Record:
    found = request.config.pluginmanager.get_plugin(_RECORD)
    assert isinstance(found, Record)
    return found


@pytest.fixture
def rig(rigs: Rigs, pair: str, record: Record) -> Iterator[Rig]:
    """A node under load on a pair of engines, shared by all trials of a round."""
    yield from _used(rigs.on(pair, "plain"), pair, record)


@pytest.fixture
def proxied(rigs: Rigs, pair: str, record: Record) -> Iterator[Rig]:
    """The same, with a wire between the node and each engine."""
    yield from _used(rigs.on(pair, "proxied"), pair, record)


@pytest.fixture
def disked(rigs: Rigs, pair: str, record: Record) -> Iterator[Rig]:
    """The same, each engine on a small disk of its own."""
    pairs.require(disks.missing())
    yield from _used(rigs.on(pair, "disked"), pair, record)


@pytest.fixture
def first_round(pair: str) -> bool:
    """What takes long is done in full once, and in short in the rounds that repeat it."""
    return pair.endswith("-1")


def _used(rig: Rig, pair: str, record: Record) -> Iterator[Rig]:
    before = len(rig.results)
    yield rig
    for result in rig.results[before:]:
        _RESULTS.append((pair, result))
        record.trial(pair, result)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Record(config.getoption("--record", None)), _RECORD)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not _RESULTS:
        return
    terminalreporter.section("faults")
    row = "{:<9} {:<44} {:>8} {:>8} {:>7} {:>7} {:>7}  {}".format
    write: Callable[[str], None] = terminalreporter.write_line
    write(row("engines", "fault", "requests", "refused", "broken", "worst", "healed", "verdict"))
    for _pair, r in _RESULTS:
        numbers = (r.requests, r.refused, r.broken, f"{r.worst:.1f} s", f"{r.healed:.1f} s")
        write(row(r.engines, r.fault, *numbers, r.verdict))
