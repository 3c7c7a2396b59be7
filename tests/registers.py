"""The sandbox's registers over HTTP, and a tap on their answers; conftests import the fixtures."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from sandbox import create_app
from sandbox.options import Options

SLOW = 1.0
PATIENCE = 0.6
"""Seconds; who answers more slowly has not answered."""
GARBAGE = [b"", b"<html>", b"null", b"[]", b"{}", b'{"Response":{}}', b'{"Code":"200"}', b"\xff"]


class Tap:
    """Between a service and us, where answers may be heard and changed."""

    def __init__(self, app: Any):
        self.app = app
        self.reset()

    def reset(self) -> None:
        self.heard = b""
        self.trouble: Callable[[Any], None] = _none
        self.change: Callable[[bytes], bytes] = _as_it_is

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.trouble(environ)
        answer = Response.from_app(self.app, environ, buffered=True)
        self.heard = answer.get_data()
        answer.set_data(self.change(self.heard))
        return answer(environ, start_response)


def _none(_environ: Any) -> None:
    pass


def _as_it_is(body: bytes) -> bytes:
    return body


def hangs_up(environ: Any) -> None:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def dawdles(_environ: Any) -> None:
    time.sleep(SLOW)


TROUBLES = [hangs_up, dawdles]


class _Quiet(WSGIRequestHandler):
    """WeChat is asked in the query, which is no line for a log."""

    def log_request(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def registers() -> Iterator[flask.Flask]:
    app = create_app(Options(slow=SLOW, per_minute=0, per_hour=0, per_day=0, any_sender_day=0))
    app.extensions["tap"] = Tap(app.wsgi_app)
    app.wsgi_app = app.extensions["tap"]  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    app.extensions["url"] = f"http://sandbox.localhost:{server.server_port}"
    yield app
    server.shutdown()
    server.server_close()


@pytest.fixture
def tap(registers: flask.Flask) -> Iterator[Tap]:
    yield registers.extensions["tap"]
    registers.extensions["tap"].reset()
