"""``/demo`` and ``/demo.json``: every address and every person of the demo."""

import json
from typing import Any, cast

import flask
from flask.typing import ResponseReturnValue

from idp import settings

bp = flask.Blueprint(
    "demo",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/demo/static",
)


@bp.get("/demo")
def index() -> ResponseReturnValue:
    return flask.render_template("demo/index.html", **_content())


@bp.get("/demo.json")
def index_for_programs() -> ResponseReturnValue:
    return _content()


def _content() -> dict[str, Any]:
    """Written by the demo's start, before the node's own."""
    file = settings.current.var_dir / "demo.json"
    return cast(dict[str, Any], json.loads(file.read_text("utf-8")))
