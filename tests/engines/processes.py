"""Starting a server for the tests and stopping it again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PATIENCE = 20.0


class DidNotStart(Exception):
    """The server ended or stayed silent; the text is the end of its log."""


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
