"""The world outside the node: two SMS providers, portals' back channels and key sets.

All of it runs in the rig, answers in the real wire formats, and hangs when it is told to.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import orjson
from joserfc import jws
from joserfc.jwk import ECKey, KeySet
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox import create_app
from sandbox.inbox import Inbox
from sandbox.options import Options

SMS, BACKCHANNEL, KEYS = "/aliyun,/tencent", "/backchannel", "/keys"
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Says nothing: what is called is counted."""


class Outside:
    """Answers at ``url``; ``hanging`` makes a part of it take longer than anybody waits."""

    def __init__(self) -> None:
        self._sandbox = create_app(Options(per_minute=0, per_hour=0, per_day=0, any_sender_day=0))
        self._wsgi: Wsgi = self._sandbox.wsgi_app
        self._lock = threading.Lock()
        self._hanging: dict[str, float] = {}
        self.calls: list[tuple[float, str]] = []
        self.logouts: dict[str, list[str]] = {}
        """The ``sid`` of every logout token received: the tokens themselves."""
        self.portal_key = ECKey.generate_key("P-256", {"kid": "portal-1", "use": "sig"})
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def inbox(self) -> Inbox:
        inbox: Inbox = self._sandbox.extensions["inbox"]
        return inbox

    @contextmanager
    def hanging(self, parts: str, seconds: float) -> Iterator[None]:
        """Every call of these parts is answered ``seconds`` later, if anybody still waits."""
        with self._lock:
            self._hanging.update(dict.fromkeys(parts.split(","), seconds))
        try:
            yield
        finally:
            with self._lock:
                self._hanging.clear()

    def calls_between(self, since: float, until: float, parts: str) -> int:
        wanted = tuple(parts.split(","))
        with self._lock:
            return sum(since <= at < until and path.startswith(wanted) for at, path in self.calls)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        with self._lock:
            self.calls.append((time.monotonic(), path))
            late = max((s for p, s in self._hanging.items() if path.startswith(p)), default=0.0)
        if late:
            time.sleep(late)
        if path.startswith(KEYS):
            return self._keys(start)
        if path.startswith(BACKCHANNEL):
            return self._logout(environ, start)
        return self._wsgi(environ, start)

    def _keys(self, start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        return [orjson.dumps({"keys": [self.portal_key.as_dict(private=False)]})]

    def _logout(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        token = parse_qs(body)["logout_token"][0]
        claims = orjson.loads(jws.extract_compact(token.encode()).payload)
        with self._lock:
            self.logouts.setdefault(claims["sid"], []).append(token)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    def received(self, jwks: dict[str, Any]) -> set[str]:
        """The ``sid`` of every logout token whose signature is the node's."""
        keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]
        with self._lock:
            kept = {sid: list(tokens) for sid, tokens in self.logouts.items()}
        for tokens in kept.values():
            jws.deserialize_compact(tokens[-1], keys, algorithms=["ES256", "RS256"])
        return set(kept)
