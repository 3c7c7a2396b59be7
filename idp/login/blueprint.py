"""The blueprint all sign-in views share."""

import flask

from idp.web import people

bp = flask.Blueprint("login", __name__, url_prefix="/login")
people.init_pages(bp)
