"""The root: real services answer there, so their own clients find them; people get the phone."""

import flask

from sandbox import aliyun, tencent

bp = flask.Blueprint("root", __name__)


@bp.route("/", methods=["GET", "POST"])
def root() -> flask.typing.ResponseReturnValue:
    headers = flask.request.headers
    if "x-acs-action" in headers:
        return aliyun.send_sms()
    if "X-TC-Action" in headers and flask.request.method == "POST":
        return tencent.send_sms()
    return flask.redirect(flask.url_for("phone.phones"), 303)
