"""Being slow, and being down, as a real service sometimes is."""

import socket
import time
from collections.abc import Container

import flask

from sandbox import magic


def linger(service: magic.Service, number: str) -> None:
    """Take long over a slow number."""
    slow: Container[str] = magic.SLOW.get(number, ())
    if service in slow:
        take_long()


def take_long() -> None:
    time.sleep(flask.current_app.extensions["options"].slow)


def hang_up() -> flask.Response:
    """Cut the connection without an answer."""
    connection = flask.request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return flask.Response(status=500)
