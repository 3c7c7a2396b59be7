"""Programs the bench starts: on which core they run, what they cost there, and their end."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0
SERVER_CORES = frozenset({0})
OTHER_CORES = frozenset({1})
BOTH_CORES = SERVER_CORES | OTHER_CORES
_GIVEN = os.sched_getaffinity(0)
"""What the machine allows, before the bench keeps itself to ``OTHER_CORES``."""
_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14
"""Fields of /proc/PID/stat after the name (proc(5) counts from 1, and the name is the second)."""
_WORKED = (0, 1, 2, 7)
"""Fields of a core's line in /proc/stat: user, nice, system and stolen time."""


class DidNotStart(Exception):
    """A program ended or stayed silent; the text is the end of its log."""


@dataclass(frozen=True)
class Command:
    """What to run; ``user`` is what ``subprocess.Popen`` is told of another user."""

    name: str
    words: Sequence[object]
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    cores: frozenset[int] = OTHER_CORES
    ends_by: int = signal.SIGTERM
    user: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    command: Command
    process: "subprocess.Popen[bytes]"

    def tree(self) -> set[int]:
        return tree(self.process.pid)

    def engines(self) -> set[int]:
        """Engines it brought along: they are measured with the other engines."""
        return {pid for pid in self.tree() if "valkey-server" in _name(pid)}

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        left = self.tree()
        self.process.send_signal(self.command.ends_by)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(command: Command, answers: Callable[[], bool]) -> Iterator[Program]:
    """Run a program until the block ends; it is ready when it ``answers``."""
    program = _started(command)
    try:
        _wait(program, answers)
        yield program
    finally:
        program.stop()


def tree(pid: int) -> set[int]:
    """A process and all that descend from it."""
    found = {pid}
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found |= tree(int(child))
    return found


def cpu_of(pids: set[int]) -> float:
    """Seconds of CPU these processes have used, those of children they outlived included."""
    return sum(_cpu(fields) for fields in map(_stat, pids) if fields)


def busy(cores: frozenset[int]) -> float:
    """Seconds these cores have worked for anybody, or were taken by the machine below this one."""
    lines = Path("/proc/stat").read_text().splitlines()
    fields = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("cpu")}
    counted = [int(fields[f"cpu{core}"][at]) for core in cores for at in _WORKED]
    return sum(counted) / _TICKS


def pin(pid: int, cores: frozenset[int]) -> None:
    """Move a running process, every thread of it, to ``cores``."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)


def spare_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _started(command: Command) -> Program:
    """Children inherit the cores of whoever starts them, so ours are changed for a moment."""
    if not command.cores <= _GIVEN:
        raise DidNotStart(f"{command.name}: needs cores {set(command.cores)}, has {_GIVEN}")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, command.cores)
    command.log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with command.log.open("ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command.words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | dict(command.environ),
                cwd=command.directory,
                **command.user,  # type: ignore[call-overload]
            )
    finally:
        os.sched_setaffinity(0, before)
    return Program(command, process)


def _wait(program: Program, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if program.process.poll() is not None:
            break
        if answers():
            return
        time.sleep(0.05)
    said = program.command.log.read_text(errors="replace")[-2000:]
    raise DidNotStart(f"{program.command.name}: {said}")


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(fields: list[str]) -> float:
    return sum(int(fields[at]) for at in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS
