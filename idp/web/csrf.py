"""A form that changes something was made by us, for this browser (Flask-WTF's token).

What programs post to (``paths.for_programs``: token endpoint, receipts …) needs none: no
cookie decides anything there. A people's address that portals may post to, such as
authorize, is marked with ``csrf.exempt``.
"""

from typing import Any

import flask
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from idp.settings import Settings
from idp.web import paths

csrf = CSRFProtect()
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Sign the form cookie with a key of the node's key ring, so that all workers agree."""
    sealer = app.extensions["sealer"]
    purpose = "web.form-cookie"
    current, *older = (sealer.hmac_key(purpose, kid)[1] for kid in sealer.ring.kids)
    app.config["SECRET_KEY"] = current
    app.config["SECRET_KEY_FALLBACKS"] = older
    app.config["SESSION_COOKIE_NAME"] = f"{'__Host-' if settings.secure else ''}hutong_form"
    app.config["SESSION_COOKIE_SECURE"] = settings.secure
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["SESSION_COOKIE_PATH"] = "/"
    # ``guard`` asks; the extension's own hook would ask programs too.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # The token lives as long as its cookie: a page left open over lunch still works.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # The __Host- cookie already ties the token to us; some browsers never send a Referer.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    app.session_interface = _FormCookie()
    csrf.init_app(app)


class _FormCookie(SecureCookieSessionInterface):
    """Flask's signed cookie; what signs it is made once, for the keys never change."""

    _made: Any = None

    def get_signing_serializer(self, app: flask.Flask) -> Any:
        if self._made is None:
            self._made = super().get_signing_serializer(app)
        return self._made


def guard() -> None:
    """Refuse a form that is not ours. Raises flask_wtf's CSRFError."""
    request = flask.request
    if request.method not in _SAFE and not paths.for_programs(request.path):
        csrf.protect(apply_exemptions=True)
