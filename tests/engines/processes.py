"""Starting a server for the tests and stopping it again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE = 40.0


class DidNotStart(Exception):
    """The server ended or stayed silent; the text is the end of its log."""


class Server:
    """A server that a test may kill, stall and start again, on the data it had."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        answers: Callable[[], bool],
        *,
        ends_by: int = signal.SIGTERM,
        **options: object,
    ):
        self._command, self._log, self._answers = command, log, answers
        self._ends_by, self._options = ends_by, options
        self.start()

    def start(self) -> None:
        self.process = start(self._command, self._log, self._answers, **self._options)

    def stop(self) -> None:
        self.go_on()
        stop(self.process, self._ends_by)

    def kill(self) -> None:
        """As if the power went: it and its children end without a word."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def stall(self) -> None:
        """Connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, which: int) -> None:
        if self.process.poll() is not None:
            return  # its number may be somebody else's by now
        for pid in [self.process.pid, *self._children()]:
            with suppress(ProcessLookupError):
                os.kill(pid, which)

    def _children(self) -> list[int]:
        pid = self.process.pid
        try:
            return [int(child) for child in _children_of(pid).read_text().split()]
        except OSError:
            return []


def _children_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/task/{pid}/children")


def start(
    command: Sequence[str], log: Path, answers: Callable[[], bool], **options: object
) -> subprocess.Popen[bytes]:
    """Run ``command`` until it ``answers``."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)  # type: ignore[call-overload]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if answers():
            return process
        time.sleep(0.02)
    stop(process)
    raise DidNotStart(f"{command[0]}: {log.read_text(errors='replace')[-2000:]}")


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def spare_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(path: Path) -> bool:
    """Whether somebody accepts on this Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(os.fspath(path)) == 0
