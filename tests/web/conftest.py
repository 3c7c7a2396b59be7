"""Pages of our own, to see what every page shares."""

from collections.abc import Iterator
from typing import Any

import flask
import pytest

from idp.store.engines import redis
from idp.web import errors, headers
from tests.web.losing import lose_redis


@pytest.fixture
def app(app: flask.Flask) -> Iterator[flask.Flask]:
    """The provider with a few pages more."""
    app.add_url_rule("/test/plain", view_func=plain)
    app.add_url_rule("/test/framed", view_func=framed)
    app.add_url_rule("/test/form", view_func=form, methods=["GET", "POST"])
    app.add_url_rule("/test/bug", view_func=bug, methods=["GET", "POST"])
    app.add_url_rule("/oauth/test-bug", "machine_bug", view_func=bug)
    app.add_url_rule("/test/engine", view_func=engine)
    app.add_url_rule("/test/elsewhere", view_func=elsewhere)
    app.add_url_rule("/test/where", view_func=where)
    app.add_url_rule("/test/<word>/route", view_func=route)
    yield app


def plain() -> str:
    return "<p>plain"


def framed() -> str:
    headers.allow_form_action("https://shebao.test/callback?a=1")
    headers.allow_frame("https://gjj.test:8443/logout")
    return f'<script nonce="{headers.csp_nonce()}"></script>'


def form() -> str:
    return flask.render_template_string("{{ csrf_token() }}")


def bug() -> Any:
    raise RuntimeError("a bug")


def engine() -> Any:
    lose_redis(flask.current_app)
    return str(redis.get("x"))


def elsewhere() -> Any:
    return flask.redirect(errors.error_url(errors.BadRequest()))


def where() -> Any:
    return {"address": flask.request.remote_addr, "scheme": flask.request.scheme}


def route(word: str) -> str:
    return word
