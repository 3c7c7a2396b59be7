"""Pushing receipts back, later, and again when nobody answers."""

import heapq
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from sandbox.options import Options

TIMEOUT = 5.0
Understood = Callable[[dict[str, Any]], bool]


class Receipts:
    """One thread that wakes for the next push."""

    def __init__(self, options: Options):
        self._options = options
        self._queue: list[tuple[float, int, int, str, Any, Understood]] = []
        self._count = 0
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def push(self, url: str, payload: Any, understood: Understood, times: int = 1) -> None:
        """Post ``payload`` after the usual delay; ``understood`` reads the answer."""
        if not url.startswith(("http://", "https://")):
            return
        for _ in range(times):
            self._add(time.monotonic() + self._options.receipt_delay, 0, url, payload, understood)

    def _add(self, at: float, tries: int, url: str, payload: Any, ok: Understood) -> None:
        with self._wake:
            self._count += 1
            heapq.heappush(self._queue, (at, self._count, tries, url, payload, ok))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue or self._queue[0][0] > time.monotonic():
                    wait = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._wake.wait(wait)
                _, _, tries, url, payload, ok = heapq.heappop(self._queue)
            if not _post(url, payload, ok) and tries < len(self._options.receipt_retries):
                later = time.monotonic() + self._options.receipt_retries[tries]
                self._add(later, tries + 1, url, payload, ok)


def _post(url: str, payload: Any, understood: Understood) -> bool:
    body = json.dumps(payload, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked in push
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            found = json.load(answer)
            return isinstance(found, dict) and understood(found)
    except (OSError, ValueError, urllib.error.URLError):
        return False
