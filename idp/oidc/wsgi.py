"""The short way: what is asked most is answered in front of Flask, by the same functions.

Flask's dispatch costs more than most of these answers. Only plain requests go this way:
whatever is unusual about one — its method, its encoding, a body of unknown length, a page
that must be shown — sends it on to Flask, whose views serve everything.
"""

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

import flask
from flask.globals import _cv_app
from werkzeug.exceptions import ClientDisconnected

from idp import cookies
from idp.oidc import authorize, discovery, machines
from idp.oidc.endpoints import ENDPOINTS
from idp.oidc.errors import MalformedRequest
from idp.oidc.http import EMPTY, FORM, Params, Request, Response
from idp.settings import Settings
from idp.store.engines import db
from idp.web import headers
from idp.web.requests import Exchange, Seen, exchanges

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]
Way = Callable[[Request], Response | None]

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Stand directly in front of Flask: whatever else wraps the app comes after, and so before us.

    Logging must be configured.
    """
    app.wsgi_app = ShortWay(app, settings)  # type: ignore[method-assign]


class ShortWay:
    """WSGI middleware that answers plain requests to hot endpoints itself."""

    def __init__(self, app: flask.Flask, settings: Settings):
        self._app = app
        self._onward: Wsgi = app.wsgi_app
        self._begin = exchanges(settings)
        self._max_body = settings.serve.max_body
        self._headers = headers.of_data(settings)
        self._ways = _ways()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        way = self._ways.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if way is None or not self._plain(environ):
            return self._onward(environ, start_response)
        with _Context(self._app) as kept:
            kept.exchange = exchange = self._begin(environ)
            try:
                answer = way(_read(environ))
            except Exception as error:
                return self._failed(error, environ)(environ, start_response)
            if answer is not None:
                return self._send(answer, environ, exchange, start_response)
            exchange.leave()
        return self._onward(environ, start_response)

    def _plain(self, environ: Environ) -> bool:
        """Whether nothing about the request needs more than is read here."""
        if not environ.get("QUERY_STRING", "").isascii():
            return False
        if environ["REQUEST_METHOD"] == "GET":
            return True
        length = environ.get("CONTENT_LENGTH", "")
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if kind != FORM or not length.isdecimal() or len(length) > len(str(self._max_body)):
            return False
        return int(length) <= self._max_body

    def _send(
        self, answer: Response, environ: Environ, exchange: Exchange, start_response: Any
    ) -> Iterable[bytes]:
        sent = [*answer.headers, *self._headers]
        if not any(name == "Cache-Control" for name, _ in answer.headers):
            sent.append(("Cache-Control", "no-store"))
        sent.append(("Content-Length", str(len(answer.body))))
        sent.append(("X-Request-Id", exchange.id))
        exchange.end(Seen(environ["REQUEST_METHOD"], environ["PATH_INFO"], int(answer.status)))
        start_response(_STATUS[answer.status], sent)
        return [answer.body]

    def _failed(self, error: Exception, environ: Environ) -> flask.Response:
        """Flask's error handlers answer, as they would have on the long way."""
        with self._app.request_context(environ):
            given = self._app.make_response(self._app.handle_user_exception(error))
            return self._app.process_response(given)


class _Context:
    """The app's context without what costs and does nothing here: signals nobody receives, and
    the end of a database session that was never opened.
    """

    __slots__ = ("_app", "_token")

    def __init__(self, app: flask.Flask):
        self._app = app

    def __enter__(self) -> Any:
        """What is kept for the request: ``flask.g``."""
        context = self._app.app_context()
        self._token = _cv_app.set(context)
        return context.g

    def __exit__(self, *error: object) -> None:
        try:
            if db.session.registry.has():
                self._app.do_teardown_appcontext()
        finally:
            _cv_app.reset(self._token)


def _ways() -> dict[tuple[str, str], Way]:
    found: dict[tuple[str, str], Way] = {
        (method, endpoint.path): partial(machines.answer, endpoint)
        for endpoint in ENDPOINTS
        for method in endpoint.methods
    }
    found["GET", discovery.JWKS_PATH] = lambda _request: discovery.jwks_response()
    found["GET", discovery.GM_JWKS_PATH] = lambda _request: discovery.gm_jwks_response()
    for path in discovery.PATHS:
        found["GET", path] = lambda _request: discovery.metadata_response()
    found["GET", authorize.PATH] = authorize.at_once
    return found


def _read(environ: Environ) -> Request:
    """The request, as the protocol reads it. Raises MalformedRequest."""
    cookies.received(environ.get("HTTP_COOKIE", ""))
    form = EMPTY
    try:
        query = Params.parse(environ.get("QUERY_STRING", ""))
        if environ["REQUEST_METHOD"] == "POST":
            form = Params.parse(_body(environ).decode("ascii"))
    except ValueError:
        raise MalformedRequest from None
    return Request(
        environ["REQUEST_METHOD"],
        query,
        form,
        environ.get("HTTP_AUTHORIZATION", ""),
        environ.get("HTTP_ORIGIN", ""),
    )


def _body(environ: Environ) -> bytes:
    length = int(environ["CONTENT_LENGTH"])
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise ClientDisconnected
    return body
