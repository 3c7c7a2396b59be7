"""One request from its first moment to its last: its id, its log line, its measure.

An ``Exchange`` knows no framework, so that what is answered in front of Flask is logged,
measured and audited like everything else.
"""

import os
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import flask

from idp import browsers
from idp.audit import context as audit
from idp.settings import Settings
from idp.web import csrf, headers, logging, metrics, paths

_USABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class Exchange:
    """One request under way; every log line and audit event until its end speaks of it."""

    __slots__ = ("_audited", "_log", "id", "started")

    def __init__(self, environ: dict[str, Any], region: str, log: Callable[..., None]):
        """``environ`` is WSGI's, after trusted proxies have been seen through."""
        self._log = log
        self.started = time.perf_counter()
        self.id = _request_id(environ)
        self._audited = audit.enter(
            audit.Context(
                request_id=self.id,
                channel="api" if paths.for_programs(environ["PATH_INFO"]) else "web",
                terminal=browsers.terminal_of(environ.get("HTTP_USER_AGENT", "")),
                region=region,
                address=environ.get("REMOTE_ADDR", ""),
            )
        )

    def end(self, seen: "Seen") -> None:
        """Log and measure what was answered; the thread goes on to other requests, or to none."""
        seconds = time.perf_counter() - self.started
        metrics.observe(seen.method, seen.route, seen.status, seconds)
        self._log(
            method=seen.method,
            route=seen.route,
            status=seen.status,
            ms=round(seconds * 1000, 1),
            request_id=self.id,
        )
        self.leave()

    def leave(self) -> None:
        """Nothing of this request stays behind in the thread."""
        audit.leave(self._audited)


class Seen(NamedTuple):
    """What is told of a request: the path as registered, never the URL, which carries codes,
    hints and ids."""

    method: str
    route: str
    status: int


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Register the two hooks; both are on the hot path, so they only do what is below."""
    begin = exchanges(settings)

    def before() -> None:
        flask.g.exchange = begin(flask.request.environ)
        csrf.guard()

    def after(response: flask.Response) -> flask.Response:
        headers.apply(response)
        exchange: Exchange | None = flask.g.pop("exchange", None)
        if exchange is None:
            return response
        response.headers["X-Request-Id"] = exchange.id
        rule = flask.request.url_rule
        method = flask.request.method if rule else "-"
        exchange.end(Seen(method, rule.rule if rule else "-", response.status_code))
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, before)
    app.after_request(after)


def exchanges(settings: Settings) -> Callable[[dict[str, Any]], Exchange]:
    """How a request of this node begins; logging must be configured already."""
    region, log = settings.node.region, logging.of_requests(settings)
    return lambda environ: Exchange(environ, region, log)


def request_id() -> str:
    """The id shown on pages and written in every log line of this request."""
    exchange: Exchange | None = flask.g.get("exchange")
    return exchange.id if exchange else ""


def _request_id(environ: dict[str, Any]) -> str:
    """A trusted proxy may name the request, so that its log and ours can be joined."""
    if environ.get("hutong.from_proxy"):
        given = environ.get("HTTP_X_REQUEST_ID", "")
        if _USABLE_ID.fullmatch(given):
            return given
    return os.urandom(8).hex()
