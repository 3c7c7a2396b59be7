"""What the actors of the tests ask of an app, asked of a running node instead: over HTTP.

Each request has a connection of its own, as behind a proxy that keeps none: what breaks is
seen by whoever asked, and nothing is asked twice.
"""

import base64
import http.client
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from tests.faults.ledger import BROKEN, Ledger, Note, dishonest

LIMIT = 20.0
"""Seconds after which the rig calls a request hung, whatever is broken."""
_GONE = "Max-Age=0"


class Interrupted(Exception):
    """The node refused for now, or could not be reached: whoever asked does not know the rest."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """A response, with the names the actors know from Werkzeug."""

    url: str
    status_code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def request(self) -> SimpleNamespace:
        parts = urlsplit(self.url)
        return SimpleNamespace(
            url=self.url,
            path=parts.path,
            full_path=f"{parts.path}?{parts.query}",
            query_string=parts.query.encode(),
        )


@dataclass
class Wire:
    """Stands where the actors expect an app. Of several nodes one that listens is asked, as a
    proxy before them does it."""

    ports: Sequence[int]
    ledger: Ledger
    who: str = ""

    @property
    def extensions(self) -> dict[str, Any]:
        return {"settings": SimpleNamespace(issuer=f"http://localhost:{self.ports[0]}")}

    def app_context(self) -> AbstractContextManager[None]:
        return nullcontext()

    def test_client(self) -> "Browser":
        return Browser(self)


@dataclass
class Browser:
    """A browser without scripts, or a portal's HTTP client."""

    wire: Wire
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, url: str, **options: Any) -> Answer:
        return self.open(url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        return self.open(url, method="POST", **options)

    def get_cookie(self, name: str) -> str | None:
        return next((value for (known, _), value in self.cookies.items() if known == name), None)

    def open(
        self,
        url: str,
        *,
        method: str = "GET",
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_of_werkzeug: object,
    ) -> Answer:
        """Raises Interrupted for a broken connection and for every 5xx and 429."""
        path = urlsplit(url).path
        body = urlencode(data or {}) if method == "POST" else None
        sent = self._headers(path, headers or {}, auth, body)
        before = time.monotonic()
        try:
            answer = self._exchange(method, url, body, sent)
        except (OSError, http.client.HTTPException) as error:
            seconds = time.monotonic() - before
            hung = f"{path} hung for {seconds:.1f} s" if seconds >= LIMIT else ""
            self._note(f"{path} {type(error).__name__}", BROKEN, seconds, hung)
            raise Interrupted(BROKEN) from None
        kind = answer.headers.get("Content-Type", "")
        fault = dishonest(path, answer.status_code, answer.text, kind)
        self._note(path, answer.status_code, time.monotonic() - before, fault)
        self._remember(answer)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Interrupted(answer.status_code)
        return answer

    def copy(self) -> "Browser":
        return Browser(self.wire, dict(self.cookies))

    def _headers(
        self,
        path: str,
        given: Mapping[str, str],
        auth: tuple[str, str] | None,
        body: str | None,
    ) -> dict[str, str]:
        held = [f"{n}={v}" for (n, under), v in self.cookies.items() if path.startswith(under)]
        found = {"Connection": "close", "User-Agent": "Mozilla/5.0 (Linux) Rig", **given}
        if held:
            found["Cookie"] = "; ".join(held)
        if body is not None:
            found["Content-Type"] = "application/x-www-form-urlencoded"
        if auth is not None:
            pair = base64.b64encode(":".join(auth).encode()).decode()
            found["Authorization"] = f"Basic {pair}"
        return found

    def _exchange(
        self, method: str, url: str, body: str | None, headers: Mapping[str, str]
    ) -> Answer:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self._connected()
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            return Answer(url, response.status, response.headers, response.read())
        finally:
            connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        """Whoever refuses the connection has been asked nothing: the next one may be."""
        ports = random.sample(list(self.wire.ports), len(self.wire.ports))
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", ports.pop(), timeout=LIMIT)
            try:
                connection.connect()
            except ConnectionRefusedError:
                if not ports:
                    raise
            else:
                return connection

    def _remember(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie") or ():  # type: ignore[attr-defined]
            for name, morsel in SimpleCookie(line).items():
                place = (name, morsel["path"] or "/")
                if _GONE in line or not morsel.value:
                    self.cookies.pop(place, None)
                else:
                    self.cookies[place] = morsel.value

    def _note(self, what: str, status: int, seconds: float, fault: str) -> None:
        at = time.monotonic()
        self.wire.ledger.note(Note(at, self.wire.who, what, status, seconds, fault))
