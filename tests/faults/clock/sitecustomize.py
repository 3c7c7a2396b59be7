"""Every Python process that finds this first reads a clock that is off, by what a file says.

Calendar time jumps as when an administrator sets it; the monotonic clock, which no administrator
can set, runs on.
"""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

_EVERY = 0.1
_file = Path(os.environ["RIG_CLOCK"])


def _follow() -> None:
    """Runs in a thread of each process: of forked ones, too."""
    travelled, said = None, "0"
    while True:
        try:
            now_said = _file.read_text() or said
        except OSError:
            now_said = said
        if now_said != said:
            if travelled is not None:
                travelled.stop()
                travelled = None
            if float(now_said):
                there = datetime.now(UTC) + timedelta(seconds=float(now_said))
                travelled = time_machine.travel(there, tick=True)
                travelled.start()
            said = now_said
        time.sleep(_EVERY)


def _start() -> None:
    threading.Thread(target=_follow, daemon=True, name="clock").start()


_start()
os.register_at_fork(after_in_child=_start)
