"""Alipay's pages of consent, and ``alipay.system.oauth.token``."""

from hashlib import sha256
from typing import Any

import flask

from sandbox import callbacks, faults
from sandbox.inbox import plain
from sandbox.options import Options
from sandbox.wechat.codes import Codes
from sandbox.wechat.errcodes import Refused as Unusable

bp = flask.Blueprint("alipay-login", __name__, url_prefix="/alipay/oauth2")

METHOD = "alipay.system.oauth.token"
CODE_LIFE = 86400.0
ALLOW, DENY = "allow", "deny"
CHOICES = ((ALLOW, "同意"), (DENY, "拒绝"))
INVALID = ("40002", "Invalid Arguments")
PREFIX = "1990009"
FAILURES = {
    f"{PREFIX}0001": ("20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙"),
    f"{PREFIX}0002": ("40005", "Call Limited", "isv.app-call-limited", "调用频次超限"),
    f"{PREFIX}0003": (
        "40006",
        "Insufficient Permissions",
        "isv.insufficient-isv-permissions",
        "ISV权限不足",
    ),
    f"{PREFIX}0004": (*INVALID, "isv.code-invalid", "授权码code无效"),
}
DOWN, SLOW, FORGED, UNSIGNED = (f"{PREFIX}900{n}" for n in range(1, 5))
SAID = {number: f"支付宝授权码兑换失败：{failure[3]}" for number, failure in FAILURES.items()} | {
    DOWN: "支付宝断开连接，没有应答",
    SLOW: "支付宝应答缓慢（--slow 秒），随后正常",
    FORGED: "支付宝的应答签名不对",
    UNSIGNED: "支付宝的应答没有签名",
}


class Failed(Exception):
    """``code``, ``msg``, ``sub_code`` and ``sub_msg``."""


@bp.get("/publicAppAuthorize.htm")
def ask() -> flask.typing.ResponseReturnValue:
    _check()
    return flask.render_template("alipay_consent.html", choices=CHOICES, number="")


@bp.post("/publicAppAuthorize.htm")
def decide() -> flask.typing.ResponseReturnValue:
    _check()
    args, chosen = flask.request.args, flask.request.form
    number = plain(chosen.get("number", ""))
    if number is None:
        return ask()
    told = {"app_id": args["app_id"], "source": "alipay_wallet", "scope": args["scope"]}
    told["state"] = args.get("state", "")
    if chosen.get("outcome") == ALLOW:
        told["auth_code"] = codes().issue(args["app_id"], number, args["scope"], CODE_LIFE)
    return flask.redirect(callbacks.bringing(args["redirect_uri"], **told), 302)


def exchanged(fields: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What is said, and of whom (the number). Raises Failed; numbers are text here."""
    if fields.get("grant_type") != "authorization_code":
        raise Failed(*INVALID, "isv.grant-type-invalid", "授权类型无效")
    if not fields.get("code"):
        raise Failed("40001", "Missing Required Arguments", "isv.missing-code", "缺少code参数")
    try:
        grant = codes().tried(fields["code"], fields["app_id"], ("auth_base", "auth_user"))
        _endure(grant.number)
        codes().use(fields["code"])
    except Unusable:
        raise Failed(*INVALID, "isv.code-invalid", "授权码code无效") from None
    token = sha256(fields["code"].encode()).hexdigest()[:40]
    said = {
        **_names(fields["app_id"], grant.number),
        "access_token": f"authbse{token}",
        "expires_in": "3600",
        "refresh_token": f"authbseR{token}",
        "re_expires_in": "3600",
        "auth_start": "2026-01-01 00:00:00",
    }
    return said, grant.number


def spoilt(answer: flask.Response, number: str) -> flask.Response:
    """The signed answer, as some people get it."""
    text = answer.get_data(as_text=True)
    if number == FORGED:
        answer.set_data(text.replace("authbse", "authbsf"))
    if number == UNSIGNED:
        answer.set_data(text.partition(',"sign"')[0] + "}")
    return answer


def user_id(number: str) -> str:
    return "2088" + f"{int(sha256(number.encode()).hexdigest(), 16) % 10**12:012}"


def open_id(app_id: str, number: str) -> str:
    return sha256(f"{app_id} {number}".encode()).hexdigest()[:48]


def _names(app_id: str, number: str) -> dict[str, str]:
    options: Options = flask.current_app.extensions["options"]
    names = {"open_id": open_id(app_id, number), "user_id": user_id(number)}
    wanted = options.alipay_people
    return names if wanted == "both" else {wanted: names[wanted]}


def _endure(number: str) -> None:
    if number in FAILURES:
        raise Failed(*FAILURES[number])
    if number == SLOW:
        faults.take_long()
    if number == DOWN:
        raise ConnectionAbortedError


def _check() -> None:
    args = flask.request.args
    options: Options = flask.current_app.extensions["options"]
    if args.get("app_id") != options.alipay_app:
        flask.abort(_wrong("应用不存在（app_id）"))
    if args.get("scope") not in {"auth_base", "auth_user"}:
        flask.abort(_wrong("scope 参数有误"))
    if not callbacks.registered(args.get("redirect_uri", "")):
        flask.abort(_wrong("redirect_uri 与授权回调地址不一致"))


def _wrong(words: str) -> flask.Response:
    page = flask.render_template("alipay_error.html", words=words)
    return flask.Response(page, status=200)


def codes() -> Codes:
    found: Codes = flask.current_app.extensions["alipay-codes"]
    return found
