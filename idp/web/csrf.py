"""A form that changes something was made by us, for this browser (Flask-WTF's token).

Views other programs post to (token endpoint, receipts, a portal's POST to authorize)
are marked with ``csrf.exempt``.
"""

import flask
from flask_wtf.csrf import CSRFProtect

from idp.settings import Settings

csrf = CSRFProtect()


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
    # The token lives as long as its cookie: a page left open over lunch still works.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    # The __Host- cookie already ties the token to us; some browsers never send a Referer.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
