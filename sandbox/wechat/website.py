"""``/connect/qrconnect``: a picture for the phone to scan, in any browser."""

import flask
import segno

from sandbox import callbacks
from sandbox.registry import faces
from sandbox.wechat.apps import APPS, WEBSITE
from sandbox.wechat.pictures import ALLOWED, DENIED, LEFT, Picture, Pictures
from sandbox.wechat.sns import LOGIN

bp = flask.Blueprint("wechat-website", __name__, url_prefix="/wechat/connect")

REFRESH = 2
BAD_APP, BAD_REDIRECT = "AppID 参数错误", "redirect_uri 参数错误"
BAD_SCOPE, BAD_TYPE = "Scope 参数错误或没有 Scope 权限", "response_type 参数错误"


@bp.get("/qrconnect")
def qrconnect() -> flask.typing.ResponseReturnValue:
    args = flask.request.args
    app = APPS.get(args.get("appid", ""))
    if app is None or app.kind != WEBSITE:
        return _wrong(BAD_APP)
    if not callbacks.registered(args.get("redirect_uri", "")):
        return _wrong(BAD_REDIRECT)
    if args.get("response_type") != "code":
        return _wrong(BAD_TYPE)
    if args.get("scope") != LOGIN:
        return _wrong(BAD_SCOPE)
    shown = _pictures().show(app.app_id, args["redirect_uri"], args.get("state", ""))
    return flask.redirect(flask.url_for(".picture", shown=shown), 303)


@bp.get("/picture/<shown>")
def picture(shown: str) -> flask.typing.ResponseReturnValue:
    """Renews itself until the phone decides. Who denies is sent back without a code, as of old,
    or stays here, as the newest documents say.
    """
    found = _found(shown)
    if found.state == ALLOWED:
        told = {"code": found.code, "state": found.told}
        return flask.redirect(callbacks.bringing(found.redirect_uri, **told), 302)
    if found.state == DENIED:
        return flask.redirect(callbacks.bringing(found.redirect_uri, state=found.told), 302)
    page = flask.render_template(
        "wechat_picture.html", shown=shown, state=found.state, name=APPS[found.app_id].name
    )
    # Its own address named: a page that came with a fragment would only jump to it.
    again = f"{REFRESH}; url={flask.request.path}"
    return flask.Response(page, headers={} if found.state == LEFT else {"Refresh": again})


@bp.get("/picture/<shown>.svg")
def drawn(shown: str) -> flask.Response:
    _found(shown)
    address = faces.at_home(flask.url_for("wechat-app.scanned", shown=shown))
    drawing = segno.make(address, error="m").svg_inline(scale=6, border=2)
    return flask.Response(
        drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1),
        mimetype="image/svg+xml",
    )


def _wrong(words: str) -> str:
    return flask.render_template("wechat_error.html", words=words, code="")


def _found(shown: str) -> Picture:
    found = _pictures().of(shown)
    if found is None:
        flask.abort(404)
    return found


def _pictures() -> Pictures:
    found: Pictures = flask.current_app.extensions["wechat-pictures"]
    return found
