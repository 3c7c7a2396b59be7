"""Bodies that arrive slowly hold up nobody: they are read here, a few at a time.

A WSGI server hands a request over before its body is there, and a thread waits for the rest
for as long as the client likes. An honest body is a few hundred bytes that come with the
head and is read in no time, so a place to read is soon free however many come at once;
whoever finds none after a moment is behind slow ones, and told to come again.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from io import BytesIO
from typing import Any

import flask
import orjson

from idp.errors import EngineUnavailable
from idp.settings import Settings
from idp.web.addresses import address_range

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_DIGITS = 12
_ANYBODY = ""
_MOMENT = 0.1
"""Seconds without a place given back quickly, after which those who read are slow: whoever
waits for a place holds a thread."""
_QUICK = 0.02
"""Seconds an honest body takes at most: it is there at once, but the machine may be busy."""
_range_of = lru_cache(4096)(address_range)


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Stand inside what sees through proxies: the share is that of the client's network."""
    app.wsgi_app = Bodies(app.wsgi_app, settings)  # type: ignore[method-assign]


class Bodies:
    """WSGI middleware: reads a body whole before anybody else sees the request.

    One network's slow bodies may keep a quarter of the threads, all together all but two. Whoever
    waits for a place keeps a thread too, for a tenth of a second at most.
    """

    def __init__(self, app: Wsgi, settings: Settings):
        self._app = app
        self._max_body = settings.serve.max_body
        self._share = max(1, settings.serve.threads // 4)
        self._all = max(1, settings.serve.threads - 2)
        self._free = threading.Condition(threading.Lock())
        self._waiting: Counter[str] = Counter()
        self._total = 0
        self._moved: dict[str, float] = {}
        """Since when a network, or anybody, reads; or when a place was last given back quickly."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = self._to_read(environ)
        if not length:
            return self._app(environ, start_response)
        network = _range_of(environ.get("REMOTE_ADDR", ""))
        if not self._enter(network):
            return _busy(start_response)
        begun = time.monotonic()
        try:
            body = environ["wsgi.input"].read(length)
        finally:
            self._leave(network, quick=time.monotonic() - begun < _QUICK)
        environ["wsgi.input"] = BytesIO(body)
        if environ.pop("HTTP_TRANSFER_ENCODING", ""):
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._app(environ, start_response)

    def waiting(self) -> int:
        """How many bodies are being read now."""
        return self._total

    def _to_read(self, environ: dict[str, Any]) -> int:
        """How much; 0 where there is nothing, or more than anybody will look at. A body in
        chunks does not say: one byte more than the limit shows that it is too long."""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return self._max_body + 1
        text = environ.get("CONTENT_LENGTH") or "0"
        length = int(text) if text.isdecimal() and len(text) < _DIGITS else 0
        return length if length <= self._max_body else 0

    def _enter(self, network: str) -> bool:
        """Wait for a place while places are given back; where none is, nobody waits for one."""
        with self._free:
            if not self._has_place(network):
                full = network if self._waiting[network] >= self._share else _ANYBODY
                left = self._moved[full] + _MOMENT - time.monotonic()
                if left <= 0 or not self._free.wait_for(partial(self._has_place, network), left):
                    return False
            self._total += 1
            self._waiting[network] += 1
            for each in (network, _ANYBODY):
                self._moved.setdefault(each, time.monotonic())
            return True

    def _has_place(self, network: str) -> bool:
        return self._total < self._all and self._waiting[network] < self._share

    def _leave(self, network: str, *, quick: bool) -> None:
        with self._free:
            if quick:
                self._moved[network] = self._moved[_ANYBODY] = time.monotonic()
            self._total -= 1
            self._waiting[network] -= 1
            if not self._waiting[network]:
                del self._waiting[network], self._moved[network]
            if not self._total:
                del self._moved[_ANYBODY]
            self._free.notify_all()


def _busy(start_response: Any) -> list[bytes]:
    """As plain as can be: nothing of the request has been looked at."""
    error = EngineUnavailable
    body = orjson.dumps({"error": error.oauth_error, "error_description": error.code})
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Retry-After", "5"),
        ("Connection", "close"),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]
