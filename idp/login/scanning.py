"""How far a scan has come, for the page that waits: one question to Redis, and no worker held."""

import flask

from idp import browsers
from idp.login.blueprint import bp
from idp.login.methods.scan import OVER, SAID
from idp.store import scans
from idp.store.scans import State
from idp.web import i18n


@bp.get("/scan/state")
def scan_state() -> flask.Response:
    """``over``: nothing more will happen; ``done``: send the form."""
    found = scans.find(flask.request.args.get("t", "")[:64])
    if found is None or found.browser != browsers.current():
        return flask.jsonify(over=True, done=False, message=i18n.translate(OVER))
    return flask.jsonify(
        over=found.state in {State.DENIED, State.USED},
        done=found.state is State.CONFIRMED,
        message=i18n.translate(SAID[found.state]),
    )
