"""Whom the registers know, for whoever tries the demo."""

import flask

from sandbox.registry.companies import Companies
from sandbox.registry.people import Registry

bp = flask.Blueprint("register", __name__)


@bp.get("/register")
def known() -> str:
    people: Registry = flask.current_app.extensions["registry"]
    companies: Companies = flask.current_app.extensions["companies"]
    return flask.render_template(
        "register.html", people=people.known(), companies=companies.known()
    )
