"""The processes a node consists of: started together, watched, stopped together."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from idp import orphans

_log = structlog.get_logger("idp.serve")

TOO_OFTEN = 5
WITHIN = 60.0
PATIENCE = 15.0


class AlreadyRunning(Exception):
    """Another parent looks after this node."""


class KeepsFailing(Exception):
    """A child died again and again; going on would hide it."""


@dataclass
class Child:
    """One child process: what it is called, how it is started, when it has died.

    ``mark`` is a word of its command line that no stranger's has.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    run_dir: Path
    mark: str
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    def end_orphan(self) -> None:
        """End what a killed parent left of this child."""
        orphans.end(self._pid_file, self.mark)

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the parent, who stops everything in order.
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.environ}, start_new_session=True
        )
        orphans.record(self._pid_file, self.process.pid)
        _log.info("started", process=self.name, pid=self.process.pid)

    def watch(self) -> None:
        """Start it again if it has died; raise KeepsFailing if that does not help."""
        if self.process is None or self.process.poll() is None:
            return
        self._end_its_own()
        now = time.monotonic()
        self.deaths = [at for at in self.deaths if now - at < WITHIN] + [now]
        _log.error("died", process=self.name, status=self.process.returncode)
        if len(self.deaths) >= TOO_OFTEN:
            raise KeepsFailing(
                f"{self.name} ended {TOO_OFTEN} times within {WITHIN:.0f} s, the last time with "
                f"status {self.process.returncode}; its own messages above say why."
            )
        time.sleep(min(2.0, 0.2 * 2 ** len(self.deaths)))
        self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            _log.error("killed", process=self.name, pid=self.process.pid)
            self.process.kill()
            self.process.wait()
        self._end_its_own()
        self._pid_file.unlink(missing_ok=True)

    def _end_its_own(self) -> None:
        """End what a dead child has started itself: a web server killed outright leaves workers
        that would go on answering, each with the code and the keys of yesterday."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def _pid_file(self) -> Path:
        return self.run_dir / f"{self.name}.pid"


@contextmanager
def only_parent(run_dir: Path) -> Iterator[None]:
    """Hold the node's lock: two parents would end each other's children."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run_dir / "lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(
                f"Another `serve` runs in {run_dir.parent}. Stop it, or choose another var_dir."
            ) from None
        yield


def stop_all(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait()


def told_to_stop() -> threading.Event:
    """Set when somebody asks this process to end."""
    told = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return told


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
