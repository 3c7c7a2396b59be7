"""Where people are sent back to: only to the host an app is registered with."""

from urllib.parse import urlencode, urlsplit

import flask

from sandbox.options import Options


def registered(redirect_uri: str) -> bool:
    """The whole host, and a port only where the registered one has it."""
    options: Options = flask.current_app.extensions["options"]
    parts = urlsplit(redirect_uri)
    return parts.scheme in {"http", "https"} and parts.netloc == options.callback_domain


def bringing(redirect_uri: str, **told: str) -> str:
    glue = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{glue}{urlencode(told)}"
