"""Wires what every page shares into the app: one hook before a request, one after it."""

import flask

from idp.settings import Settings
from idp.web import (
    answers,
    bodies,
    context,
    csrf,
    headers,
    health,
    i18n,
    proxies,
    requests,
)


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Give ``app`` its limits, hooks, error answers and the ``/health`` and ``/error`` pages.

    Logging, engines and the sealer must be there already: the cookie key derives from the
    node's keys.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.serve.max_body
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.serve.max_body
    app.config["MAX_FORM_PARTS"] = 200
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    bodies.init_app(app, settings)
    proxies.init_app(app, settings)
    csrf.init_app(app, settings)
    i18n.init_app(app, settings)
    context.init_app(app, settings)
    headers.init_app(app, settings)
    answers.init_app(app)
    health.init_app(app, settings)
    requests.init_app(app, settings)
