"""How many threads of a process may wait for other nodes at once: people who need none go on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

from idp.federation.errors import Unreachable
from idp.outbound import Answer, OutboundFailed, OutboundRefused
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

    @contextmanager
    def asking(self, node: str) -> Iterator[Callable[[Answer], Answer]]:
        """A place to ask ``node`` from; what it yields takes the answer. After failures in a row a
        node is left alone for a while, however many people choose it; that all places are taken
        is nobody's failure. Raises Unreachable.
        """
        breaker = self._breaker(node)
        try:
            breaker.enter()
        except OutboundFailed:
            raise Unreachable("left alone", node) from None
        with self.place():
            try:
                yield partial(_record, breaker)
            except (OutboundRefused, OutboundFailed) as error:
                breaker.record(worked=False)
                raise Unreachable("failed", str(error)) from None

    def _breaker(self, node: str) -> Breaker:
        with self._lock:
            if node not in self._breakers:
                if len(self._breakers) >= _MOST:
                    self._breakers.clear()
                rest = self._outbound.breaker_rest
                self._breakers[node] = Breaker(self._outbound.breaker_failures, rest)
            return self._breakers[node]


def _record(breaker: Breaker, answer: Answer) -> Answer:
    breaker.record(worked=answer.status < HTTPStatus.INTERNAL_SERVER_ERROR)
    return answer
