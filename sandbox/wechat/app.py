"""The WeChat app on a fake phone: scans pictures, allows, denies, and runs mini programs."""

import json
import urllib.error
import urllib.request
from typing import Any

import flask

from sandbox.inbox import plain
from sandbox.options import Options
from sandbox.wechat.apps import APPS, MINI
from sandbox.wechat.cgi import NUMBER
from sandbox.wechat.inside import COOKIE
from sandbox.wechat.pictures import ALLOWED, DENIED, LEFT, Picture, Pictures
from sandbox.wechat.redeeming import codes
from sandbox.wechat.sns import LAUNCH, LOGIN

bp = flask.Blueprint("wechat-app", __name__)

QR_CODE_LIFE, MINI_CODE_LIFE = 600.0, 300.0
TIMEOUT = 20.0
CHOICES = ((ALLOWED, "允许"), (DENIED, "取消（回到网站）"), (LEFT, "取消（停在二维码页）"))


@bp.get("/phone/<number>/wechat")
def home(number: str) -> flask.Response:
    """From here on, what this browser opens inside WeChat it opens as this person."""
    return _page(_number(number))


@bp.post("/phone/<number>/wechat/scan/<shown>")
def scan(number: str, shown: str) -> flask.typing.ResponseReturnValue:
    found = _number(number)
    if not pictures().scan(shown, found):
        return _page(found, "二维码已失效，或已被其他手机扫描。")
    return flask.redirect(flask.url_for(".look", number=found, shown=shown), 303)


@bp.get("/phone/<number>/wechat/scan/<shown>")
def look(number: str, shown: str) -> str:
    """What asks, and whether to allow it."""
    picture = _of(shown, number := _number(number))
    return flask.render_template(
        "wechat_scan.html",
        number=number,
        name=APPS[picture.app_id].name,
        state=picture.state,
        choices=CHOICES,
    )


@bp.post("/phone/<number>/wechat/decide/<shown>")
def decide(number: str, shown: str) -> flask.typing.ResponseReturnValue:
    number = _number(number)
    picture, outcome = _of(shown, number), flask.request.form.get("outcome", LEFT)
    if outcome not in {ALLOWED, DENIED, LEFT}:
        flask.abort(400)
    code = ""
    if outcome == ALLOWED:
        code = codes().issue(picture.app_id, number, LOGIN, QR_CODE_LIFE)
    if not pictures().decide(shown, number, outcome, code):
        return _page(number, "二维码已失效，或已被其他手机扫描。")
    return _page(number, "已允许登录。" if code else "已取消。")


@bp.get("/wechat/scanned/<shown>")
def scanned(shown: str) -> flask.typing.ResponseReturnValue:
    """What the picture holds: a browser that is somebody's WeChat scans with it."""
    number = plain(flask.request.cookies.get(COOKIE, ""))
    if number is None:
        return flask.redirect(flask.url_for("phone.phones"), 303)
    return _page(number)


@bp.post("/phone/<number>/wechat/mini")
def mini(number: str) -> flask.Response:
    """The code a mini program is given: of ``wx.login``, or of its button for the number."""
    chosen = flask.request.form
    app = APPS.get(chosen.get("app_id", ""))
    if app is None or app.kind != MINI or chosen.get("scope") not in {LAUNCH, NUMBER}:
        flask.abort(400)
    code = codes().issue(app.app_id, _number(number), chosen["scope"], MINI_CODE_LIFE)
    return flask.jsonify(code=code)


@bp.post("/phone/<number>/wechat/program")
def program(number: str) -> flask.typing.ResponseReturnValue:
    """A mini program that signs in at the node: what it asks for, and the web-view it opens."""
    found, chosen = _number(number), flask.request.form
    app = APPS.get(chosen.get("app_id", ""))
    if app is None or app.kind != MINI:
        flask.abort(400)
    asked = {"code": codes().issue(app.app_id, found, LAUNCH, MINI_CODE_LIFE)}
    if "number" in chosen:
        asked["phone_code"] = codes().issue(app.app_id, found, NUMBER, MINI_CODE_LIFE)
    if chosen.get("client_id"):
        asked["client_id"] = chosen["client_id"]
    options: Options = flask.current_app.extensions["options"]
    answer = _post(f"http://{options.callback_domain}/login/mini-program/ticket", asked)
    if "url" in answer:
        return flask.redirect(answer["url"], 303)
    said = f"{answer.get('message', '平台没有应答。')}{answer.get('next_step', '')}"
    return _page(found, said)


def _post(url: str, asked: dict[str, str]) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)  # noqa: S310 - http, above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as refused:
        found = _json(refused.read())
    except (OSError, ValueError):
        found = {}
    return found if isinstance(found, dict) else {}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _page(number: str, said: str = "") -> flask.Response:
    waiting = {
        shown: APPS[picture.app_id].name for shown, picture in pictures().scannable(number).items()
    }
    programs = [app for app in APPS.values() if app.kind == MINI]
    page = flask.render_template(
        "wechat_app.html",
        number=number,
        waiting=waiting,
        said=said,
        programs=programs,
        scopes=(LAUNCH, NUMBER),
    )
    answer = flask.Response(page)
    answer.set_cookie(COOKIE, number, httponly=True, samesite="Lax")
    return answer


def _of(shown: str, number: str) -> Picture:
    """One this phone scanned."""
    picture = pictures().of(shown)
    if picture is None or picture.number != number:
        flask.abort(404)
    return picture


def _number(text: str) -> str:
    number = plain(text)
    if number is None:
        flask.abort(404)
    return number


def pictures() -> Pictures:
    found: Pictures = flask.current_app.extensions["wechat-pictures"]
    return found
