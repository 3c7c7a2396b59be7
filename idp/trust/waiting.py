"""How many threads of a process may wait for other nodes at once: people who need none go on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from idp.federation.errors import Unreachable
from idp.outbound.breaker import Breaker
from idp.settings import Settings

_SHARE = 4
"""One thread of so many."""
_MOMENT = 1.0
"""Seconds somebody waits for a place, or for who looks for the same."""
_MOST = 1024


class Waiting:
    """Places to wait in, and a breaker for each node that is asked something for a person."""

    def __init__(self, settings: Settings):
        self._places = threading.BoundedSemaphore(max(1, settings.serve.threads // _SHARE))
        self._outbound = settings.outbound
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises Unreachable where too many wait already."""
        if not self._places.acquire(timeout=_MOMENT):
            raise Unreachable("busy")
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self, lock: threading.Lock) -> Iterator[None]:
        """Alone with ``lock``. Raises Unreachable where somebody else takes long with it."""
        if not lock.acquire(timeout=_MOMENT):
            raise Unreachable("busy")
        try:
            yield
        finally:
            lock.release()

    def breaker(self, node: str) -> Breaker:
        """After failures in a row a node is left alone, however many people choose it."""
        with self._lock:
            if node not in self._breakers:
                if len(self._breakers) >= _MOST:
                    self._breakers.clear()
                rest = self._outbound.breaker_rest
                self._breakers[node] = Breaker(self._outbound.breaker_failures, rest)
            return self._breakers[node]
