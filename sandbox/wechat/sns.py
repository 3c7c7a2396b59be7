"""``/sns/*``: codes for people, in text/plain and always with status 200."""

import secrets
from typing import Any

import flask

from sandbox import faults
from sandbox.limits import Limits
from sandbox.wechat import errcodes, people
from sandbox.wechat.apps import APPS, MINI, nickname, openid, unionid
from sandbox.wechat.errcodes import Refused
from sandbox.wechat.redeeming import (
    BROWSER,
    AsText,
    Broken,
    Down,
    app_of,
    authenticated,
    redeemed,
)
from sandbox.wechat.tokens import LIFE, Granted, UserTokens

bp = flask.Blueprint("wechat-sns", __name__, url_prefix="/wechat/sns")

BASE, USERINFO, LOGIN, LAUNCH = "snsapi_base", "snsapi_userinfo", "snsapi_login", "wx.login"
SNAPSHOT = "snapshot"
"""What a code is for that a made-up person gave."""
PER_MINUTE = 100


@bp.errorhandler(Refused)
def refuse(refused: Refused) -> flask.Response:
    return errcodes.refusal(refused, errcodes.SNS)


@bp.errorhandler(AsText)
def refuse_as_text(_error: AsText) -> flask.Response:
    return _answer({"errcode": "40029", "errmsg": "invalid code"})


@bp.errorhandler(Broken)
def break_down(_error: Broken) -> tuple[str, int]:
    return "<html><h1>502 Bad Gateway</h1></html>", 502


@bp.errorhandler(Down)
def hang_up(_error: Down) -> flask.Response:
    return faults.hang_up()


@bp.route("/oauth2/access_token", methods=["GET", "POST"])
def access_token() -> flask.Response:
    """Only the query is read, whatever the method."""
    args = flask.request.args
    app = authenticated(args, *BROWSER)
    if args.get("grant_type") != "authorization_code":
        raise Refused(40002)
    grant = redeemed(args.get("code", ""), app, LOGIN, BASE, USERINFO, SNAPSHOT)
    snapshot = grant.scope == SNAPSHOT or (grant.scope == USERINFO and _is_snapshot(grant.number))
    number = secrets.token_hex(8) if snapshot else grant.number
    scope = USERINFO if grant.scope == SNAPSHOT else grant.scope
    granted = _tokens().issue(app.app_id, number, openid(app, number), scope)
    said = _told(granted)
    if scope != BASE and (union := unionid(app, number)):
        said["unionid"] = union
    if snapshot:
        said["is_snapshotuser"] = 1
    return _answer(said)


@bp.get("/oauth2/refresh_token")
def refresh_token() -> flask.Response:
    args = flask.request.args
    app = app_of(args.get("appid", ""), *BROWSER)
    if args.get("grant_type") != "refresh_token":
        raise Refused(40002)
    if not args.get("refresh_token"):
        raise Refused(41003)
    return _answer(_told(_tokens().refreshed(args["refresh_token"], app.app_id)))


@bp.get("/userinfo")
def userinfo() -> flask.Response:
    """Sex and place have been empty since 2021-10-20; their names stayed."""
    granted = _opened()
    if granted.scope == BASE:
        raise Refused(48001)
    app = APPS[granted.app_id]
    said: dict[str, Any] = {
        "openid": granted.openid,
        "nickname": nickname(granted.number),
        "sex": 0,
        **dict.fromkeys(("language", "city", "province", "country"), ""),
        "headimgurl": "https://thirdwx.qlogo.cn/mmopen/vi_32/sandbox/132",
        "privilege": [],
    }
    union = unionid(app, granted.number)
    return _answer(said | ({"unionid": union} if union else {}))


@bp.get("/auth")
def auth() -> flask.Response:
    _opened()
    return _answer({"errcode": 0, "errmsg": "ok"})


@bp.get("/jscode2session")
def jscode2session() -> flask.Response:
    args = flask.request.args
    app = authenticated(args, MINI)
    if args.get("grant_type") != "authorization_code":
        raise Refused(40002)
    grant = redeemed(args.get("js_code", ""), app, LAUNCH)
    limits: Limits = flask.current_app.extensions["wechat-limits"]
    if limits.reached(f"{app.app_id} {grant.number}", [(60.0, PER_MINUTE)]) is not None:
        raise Refused(45011)
    said = {"session_key": secrets.token_urlsafe(18), "openid": openid(app, grant.number)}
    union = unionid(app, grant.number)
    return _answer(said | ({"unionid": union} if union else {}))


def _is_snapshot(number: str) -> bool:
    return number == people.SNAPSHOT


def _told(granted: Granted) -> dict[str, Any]:
    return {
        "access_token": granted.access_token,
        "expires_in": int(LIFE),
        "refresh_token": granted.refresh_token,
        "openid": granted.openid,
        "scope": granted.scope,
    }


def _opened() -> Granted:
    args = flask.request.args
    return _tokens().opened(args.get("access_token", ""), args.get("openid", ""))


def _answer(said: dict[str, Any]) -> flask.Response:
    return errcodes.answer(said, errcodes.SNS)


def _tokens() -> UserTokens:
    found: UserTokens = flask.current_app.extensions["wechat-user-tokens"]
    return found
