"""What processes have cost: CPU time from the kernel's own books, and memory."""

import time
from collections.abc import Iterable
from pathlib import Path

_PROCESS_CLOCK = 2
_PARENT = 1
"""The field of /proc/<pid>/stat after the name."""


def cpu(pids: Iterable[int]) -> float:
    """Seconds of CPU all threads of these processes have used since they were started."""
    return sum(_precise(pid) for pid in pids)


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found, at = [pid], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found


def memory(pid: int) -> dict[str, int]:
    """Bytes a process holds: resident, its proportional share, and what is its own alone."""
    wanted = {"Rss": 0, "Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, amount = line.split(":")
        if name in wanted:
            wanted[name] = int(amount.split()[0]) * 1024
    own = wanted["Private_Clean"] + wanted["Private_Dirty"]
    return {"rss": wanted["Rss"], "pss": wanted["Pss"], "own": own}


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _precise(pid: int) -> float:
    """The CPU clock of another process, threads that have ended included (clock_getcpuclockid)."""
    try:
        return time.clock_gettime(~pid << 3 | _PROCESS_CLOCK)
    except OSError:  # it has ended
        return 0.0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
