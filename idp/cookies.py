"""Our cookies: host-only, HttpOnly, SameSite=Lax, ``__Host-`` under TLS."""

from collections.abc import Mapping
from datetime import timedelta

import flask
from werkzeug.http import parse_cookie

from idp import settings
from idp.current import here


def name(short: str) -> str:
    return f"__Host-hutong_{short}" if settings.current.secure else f"hutong_{short}"


def read(short: str) -> str:
    kept = here()
    jar: Mapping[str, str] = kept.cookies if "cookies" in kept else flask.request.cookies
    return jar.get(name(short), "")


def received(header: str) -> None:
    """Take the cookies of a request that Flask has not seen (``idp.oidc.wsgi``)."""
    here().cookies = parse_cookie(header) if header else {}


def set_(short: str, value: str, lifetime: timedelta | None = None) -> None:
    """Send a cookie with the answer to this request."""
    full, secure = name(short), settings.current.secure

    @flask.after_this_request
    def add(response: flask.Response) -> flask.Response:
        response.set_cookie(
            full, value, max_age=lifetime, secure=secure, httponly=True, samesite="Lax", path="/"
        )
        return response


def drop(short: str) -> None:
    full, secure = name(short), settings.current.secure

    @flask.after_this_request
    def remove(response: flask.Response) -> flask.Response:
        response.delete_cookie(full, secure=secure, httponly=True, samesite="Lax", path="/")
        return response
