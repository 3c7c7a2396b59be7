"""Processes a killed parent left behind: found by their recorded id, ended before a new start."""

import os
import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 10.0


def record(pid_file: Path, pid: int) -> None:
    pid_file.write_text(str(pid), encoding="ascii")


def end(pid_file: Path, mark: str) -> None:
    """End the recorded process, if ``mark`` in its command line shows that it is still the one."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return
    deadline = time.monotonic() + PATIENCE
    while mark in _command_line(pid):
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)  # each leads a group of its own, its workers in it
        else:
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    """Empty for a process that has ended, whether or not its parent has noticed."""
    title = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return title.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["ps", "-o", "stat=,command=", "-p", str(pid)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return "" if said.startswith("Z") else said
