"""Puts the portal together: its settings, its session store and the OpenID Connect client."""

import flask
from authlib.integrations.flask_client import OAuth

from clients.portal.sessions import Sessions
from clients.portal.settings import Portal
from clients.portal.views import bp

WAIT_SECONDS = 5


def create_app(portal: Portal) -> flask.Flask:
    app = flask.Flask(__name__)
    app.secret_key = portal.secret_key
    app.config.update(
        PORTAL=portal,
        SESSION_COOKIE_NAME=portal.cookie,
        SESSION_COOKIE_SECURE=portal.secure,
        SESSION_COOKIE_HTTPONLY=True,
        # Lax: the cookie comes along when the provider sends the browser back.
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    app.extensions["portal.sessions"] = Sessions(portal.store)
    OAuth(app).register(
        "hutong",
        client_id=portal.client_id,
        client_secret=portal.client_secret,
        server_metadata_url=f"{portal.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": portal.scope,
            "code_challenge_method": "S256",
            "default_timeout": WAIT_SECONDS,
        },
    )
    app.register_blueprint(bp)
    app.context_processor(lambda: {"portal": portal})
    app.after_request(_headers)
    return app


def _headers(answer: flask.Response) -> flask.Response:
    """The form that signs out is answered by a redirect to the provider: CSP must allow both."""
    portal = flask.current_app.config["PORTAL"]
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {portal.issuer}"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    if flask.request.endpoint != "static":
        answer.headers["Cache-Control"] = "no-store"
    return answer
