"""One request from its first moment to its last: its id, its log line, its measure."""

import os
import re
import time

import flask
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from idp import browsers
from idp.audit import context as audit
from idp.settings import Settings
from idp.web import csrf, headers, metrics, paths
from idp.web.addresses import client_address

_USABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_log = structlog.get_logger("idp.web")


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Register the two hooks; both are on the hot path, so they only do what is below."""
    proxied = bool(settings.serve.trusted_proxies)
    region = settings.node.region

    def before() -> None:
        g = flask.g
        g.started = time.perf_counter()
        g.request_id = _request_id(proxied)
        bind_contextvars(request_id=g.request_id)
        g.audited = audit.enter(_audited(g.request_id, region))
        csrf.guard()

    def after(response: flask.Response) -> flask.Response:
        headers.apply(response)
        g = flask.g
        if "started" not in g:
            return response
        response.headers["X-Request-Id"] = g.request_id
        _note(response.status_code, time.perf_counter() - g.started)
        # The thread goes on to other requests, or to none: nothing of this one stays behind.
        clear_contextvars()
        if token := g.pop("audited", None):
            audit.leave(token)
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, before)
    app.after_request(after)


def request_id() -> str:
    """The id shown on pages and written in every log line of this request."""
    return flask.g.get("request_id", "")


def _request_id(proxied: bool) -> str:
    """A trusted proxy may name the request, so that its log and ours can be joined."""
    if proxied and flask.request.environ.get("hutong.from_proxy"):
        given = flask.request.headers.get("X-Request-Id", "")
        if _USABLE_ID.fullmatch(given):
            return given
    return os.urandom(8).hex()


def _audited(id_: str, region: str) -> audit.Context:
    """What every audit event of this request will say of it."""
    return audit.Context(
        request_id=id_,
        channel="api" if paths.for_programs(flask.request.path) else "web",
        terminal=browsers.terminal(),
        region=region,
        address=client_address(),
    )


def _note(status: int, seconds: float) -> None:
    """The path as registered, never the URL: URLs carry codes, hints and ids."""
    rule = flask.request.url_rule
    route = rule.rule if rule else "-"
    method = flask.request.method if rule else "-"
    metrics.observe(method, route, status, seconds)
    _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
