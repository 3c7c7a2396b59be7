"""A breaker: after enough failures in a row, leave the other side alone for a while."""

import threading
import time
from datetime import timedelta

from idp.outbound.errors import OutboundFailed


class Breaker:
    """Closed, open for ``rest`` after ``failures`` in a row, then one call at a time tries."""

    def __init__(self, failures: int, rest: timedelta):
        self._allowed = failures
        self._rest = rest.total_seconds()
        self._lock = threading.Lock()
        self._failed = 0
        self._again = 0.0

    def enter(self) -> None:
        """Raises OutboundFailed while the other side is being left alone."""
        with self._lock:
            if self._failed < self._allowed:
                return
            now = time.monotonic()
            if now < self._again:
                raise OutboundFailed("breaker")
            self._again = now + self._rest

    def record(self, *, worked: bool) -> None:
        with self._lock:
            self._failed = 0 if worked else self._failed + 1
            if self._failed >= self._allowed:
                self._again = time.monotonic() + self._rest

    @property
    def open(self) -> bool:
        with self._lock:
            return self._failed >= self._allowed
