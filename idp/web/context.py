"""What every template is given beside what its view hands over."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import flask
from jinja2 import StrictUndefined
from markupsafe import Markup

from idp import agreements
from idp.settings import Settings
from idp.web import dress, elder
from idp.web.i18n import locale
from idp.web.requests import request_id


def init_app(app: flask.Flask, settings: Settings) -> None:
    """A name a view forgot is an error, never an empty place on the page."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["request_id"] = request_id
    app.jinja_env.globals["elder"] = elder.on
    app.jinja_env.globals["standing"] = _standing(app, settings)
    app.jinja_env.globals["node"] = settings.node

    def common() -> dict[str, Any]:
        return {
            "node": dress.node(settings, dress.name(settings)),
            "locale": locale(),
            "client": None,
            "session": None,
            "agreements": agreements.current(),
        }

    app.context_processor(common)
    app.url_defaults(_versioned(app))


def _standing(app: flask.Flask, settings: Settings) -> Callable[[str], Markup]:
    """Parts of the frame (``templates/parts``) are the same on every page in a language: they
    are rendered once, and know of no request, session or form."""

    @cache
    def rendered(part: str, language: str, worn: str) -> Markup:
        template = app.jinja_env.get_template(f"parts/{part}.html")
        node = dress.node(settings, worn)
        made = template.render(locale=language, agreements=agreements.current(), node=node)
        return Markup(made)  # noqa: S704 - escaped by the template

    return lambda part: rendered(part, locale(), dress.name(settings))


def _versioned(app: flask.Flask) -> Callable[[str, dict[str, Any]], None]:
    """Addresses of our own style and script change when the files do, so that no browser
    shows a new page in an old dress."""
    files = sorted(Path(app.static_folder or "").glob("*.*"))
    version = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]

    def add(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("v", version)

    return add
