"""Fake phone and fake external services that speak the real wire formats; never in production."""

import flask

from sandbox import aliyun, gateway, magic, phone, root, tencent
from sandbox.inbox import Inbox
from sandbox.limits import Limits
from sandbox.options import Options
from sandbox.receipts import Receipts


def create_app(options: Options | None = None) -> flask.Flask:
    options = options or Options()
    app = flask.Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["options"] = options
    app.extensions["inbox"] = Inbox()
    app.extensions["aliyun-limits"] = Limits()
    app.extensions["tencent-limits"] = Limits()
    app.extensions["nonces"] = Limits()
    app.extensions["receipts"] = Receipts(options)
    for blueprint in (root.bp, phone.bp, aliyun.bp, tencent.bp, gateway.bp, magic.bp):
        app.register_blueprint(blueprint)
    return app
