"""``/connect/oauth2/authorize``: an official account's page in the browser inside WeChat.

WeChat reads the link by a pattern: the order of its parameters counts.
"""

import re
from collections.abc import Mapping

import flask

from sandbox import callbacks
from sandbox.inbox import plain
from sandbox.wechat import people
from sandbox.wechat.apps import APPS, OFFICIAL, App
from sandbox.wechat.redeeming import codes
from sandbox.wechat.sns import BASE, SNAPSHOT, USERINFO

bp = flask.Blueprint("wechat-inside", __name__, url_prefix="/wechat/connect/oauth2")

CODE_LIFE = 300.0
COOKIE = "wechat"
"""Whose WeChat this browser is."""
ELSEWHERE = "请在微信客户端打开链接"
DISORDER = "Scope 参数错误或没有 Scope 权限"
ERRORS = {
    "10003": "redirect_uri 域名与后台配置不一致",
    "10004": "此公众号被封禁",
    "10005": "此公众号并没有这些 scope 的权限",
    "10006": "必须关注此测试号",
    "10009": "操作太频繁了，请稍后重试",
    "10010": "scope 不能为空",
    "10011": "redirect_uri 不能为空",
    "10012": "appid 不能为空",
    "10013": "state 不能为空",
    "10015": "公众号未授权第三方平台，请检查授权状态",
    "10016": "不支持微信开放平台的 Appid，请使用公众号 Appid",
}
_ORDER = re.compile(
    r"appid=[^&]+&redirect_uri=[^&]+&response_type=code&scope=[^&]+&state=[^&]+"
    r"(&connect_redirect=1)?"
)
_STATE = re.compile(r"[a-zA-Z0-9]{1,128}")
_MUST = {"appid": "10012", "redirect_uri": "10011", "scope": "10010", "state": "10013"}
ALLOW, DENY, LEAVE, AS_SNAPSHOT = "allow", "deny", "leave", "snapshot"
CHOICES = (
    (ALLOW, "同意"),
    (DENY, "拒绝（回到网站）"),
    (LEAVE, "拒绝（停在本页）"),
    (AS_SNAPSHOT, "以快照方式打开（虚拟用户）"),
)


class Wrong(Exception):
    def __init__(self, code: str, words: str = ""):
        super().__init__(code)
        self.code, self.words = code, words or ERRORS[code]


@bp.errorhandler(Wrong)
def show(wrong: Wrong) -> str:
    return flask.render_template("wechat_error.html", words=wrong.words, code=wrong.code)


@bp.get("/authorize")
def authorize() -> flask.typing.ResponseReturnValue:
    """Silent for ``snsapi_base`` where the browser is somebody's."""
    app = _checked()
    number = plain(flask.request.cookies.get(COOKIE, ""))
    _not_too_often(number)
    if number and flask.request.args["scope"] == BASE:
        return _back(app, number, ALLOW)
    return flask.render_template(
        "wechat_consent.html",
        name=app.name,
        number=number or "",
        choices=CHOICES[:1] if flask.request.args["scope"] == BASE else CHOICES,
    )


@bp.post("/authorize")
def decide() -> flask.typing.ResponseReturnValue:
    app, chosen = _checked(), flask.request.form
    number = plain(chosen.get("number", ""))
    if number is None:
        return authorize()
    _not_too_often(number)
    return _back(app, number, chosen.get("outcome", LEAVE))


def _checked() -> App:
    args = flask.request.args
    agent = flask.request.headers.get("User-Agent", "")
    if "MicroMessenger" not in agent or "wxwork" in agent:
        raise Wrong("", ELSEWHERE)
    for name, code in _MUST.items():
        if not args.get(name):
            raise Wrong(code)
    if not _ORDER.fullmatch(flask.request.query_string.decode()):
        raise Wrong("", DISORDER)
    app = _app(args["appid"])
    if not callbacks.registered(args["redirect_uri"]):
        raise Wrong("10003")
    if args["scope"] not in {BASE, USERINFO}:
        raise Wrong("10005")
    if not _STATE.fullmatch(args["state"]):
        raise Wrong("", "state 参数错误")
    return app


def _app(app_id: str) -> App:
    app = APPS.get(app_id)
    if app is None or app.kind != OFFICIAL:
        raise Wrong("10016")
    if app.error_page:
        raise Wrong(app.error_page)
    return app


def _not_too_often(number: str | None) -> None:
    if number == people.HASTY:
        raise Wrong("10009")


def _back(app: App, number: str, outcome: str) -> flask.typing.ResponseReturnValue:
    args: Mapping[str, str] = flask.request.args
    if outcome == LEAVE:
        return flask.render_template("wechat_error.html", words="您已拒绝授权。", code="")
    told = {"state": args["state"]}
    if outcome in {ALLOW, AS_SNAPSHOT}:
        scope = SNAPSHOT if outcome == AS_SNAPSHOT else args["scope"]
        told = {"code": codes().issue(app.app_id, number, scope, CODE_LIFE)} | told
    answer = flask.redirect(callbacks.bringing(args["redirect_uri"], **told), 302)
    answer.set_cookie(COOKIE, number, httponly=True, samesite="Lax")
    return answer
