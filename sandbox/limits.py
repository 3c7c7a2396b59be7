"""Counting what happened within a window, as the real services do for each number."""

import threading
import time
from collections import defaultdict

DAY = 86_400.0


class Limits:
    """Times by key, forgotten after a day."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def reached(self, key: str, windows: list[tuple[float, int]]) -> int | None:
        """The first window that is full, else None: and then this one is counted."""
        now = time.time()
        with self._lock:
            times = [at for at in self._times[key] if at > now - DAY]
            for index, (window, most) in enumerate(windows):
                if most and sum(at > now - window for at in times) >= most:
                    return index
            self._times[key] = [*times, now]
        return None

    def first_time(self, key: str) -> bool:
        return self.reached(key, [(DAY, 1)]) is None
