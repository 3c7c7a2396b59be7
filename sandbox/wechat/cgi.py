"""What an app asks in its own name: ``/cgi-bin/*`` and ``/wxa/*``, in application/json."""

import time
from typing import Any

import flask

from sandbox import faults
from sandbox.wechat import errcodes, people
from sandbox.wechat.apps import APPS, MINI, OFFICIAL, openid
from sandbox.wechat.errcodes import Refused
from sandbox.wechat.redeeming import AsText, Broken, Down, authenticated, redeemed
from sandbox.wechat.tokens import AppTokens, Issued

bp = flask.Blueprint("wechat-cgi", __name__, url_prefix="/wechat")

NUMBER = "getPhoneNumber"
HONG_KONG = ("852", "51234567")


@bp.errorhandler(Refused)
def refuse(refused: Refused) -> flask.Response:
    return errcodes.refusal(refused, errcodes.CGI)


@bp.errorhandler(AsText)
def refuse_as_text(_error: AsText) -> flask.Response:
    return _answer({"errcode": "40029", "errmsg": "invalid code"})


@bp.errorhandler(Broken)
def break_down(_error: Broken) -> tuple[str, int]:
    return "<html><h1>502 Bad Gateway</h1></html>", 502


@bp.errorhandler(Down)
def hang_up(_error: Down) -> flask.Response:
    return faults.hang_up()


@bp.get("/cgi-bin/token")
def token() -> flask.Response:
    args = flask.request.args
    app = authenticated(args, MINI, OFFICIAL)
    if args.get("grant_type") != "client_credential":
        raise Refused(40002)
    return _issued(tokens().plain(app.app_id))


@bp.route("/cgi-bin/stable_token", methods=["GET", "POST"])
def stable_token() -> flask.Response:
    body = _posted()
    app = authenticated(body, MINI, OFFICIAL)
    if body.get("grant_type") != "client_credential":
        raise Refused(40002)
    return _issued(tokens().stable(app.app_id, force=body.get("force_refresh") is True))


@bp.route("/wxa/business/getuserphonenumber", methods=["GET", "POST"])
def getuserphonenumber() -> flask.Response:
    body = _posted()
    app = APPS[tokens().app_of(flask.request.args.get("access_token", ""))]
    grant = redeemed(str(body.get("code", "")), app, NUMBER)
    if body.get("openid") and body["openid"] != openid(app, grant.number):
        raise Refused(40003)
    country, pure = HONG_KONG if grant.number == people.FOREIGN else ("86", grant.number)
    info = {
        "phoneNumber": pure if country == "86" else country + pure,
        "purePhoneNumber": pure,
        "countryCode": int(country) if grant.number == people.NUMERIC else country,
        "watermark": {"timestamp": int(time.time()), "appid": app.app_id},
    }
    return _answer({"errcode": 0, "errmsg": "ok", "phone_info": info})


def _posted() -> dict[str, Any]:
    if flask.request.method != "POST":
        raise Refused(43002)
    body = flask.request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Refused(47001)
    return body


def _issued(issued: Issued) -> flask.Response:
    return _answer({"access_token": issued.token, "expires_in": tokens().seconds(issued)})


def _answer(said: dict[str, Any]) -> flask.Response:
    return errcodes.answer(said, errcodes.CGI)


def tokens() -> AppTokens:
    found: AppTokens = flask.current_app.extensions["wechat-app-tokens"]
    return found
