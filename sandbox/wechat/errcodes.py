"""How WeChat says no: status 200 and an ``errcode``."""

import json
import secrets
from typing import Any

import flask

ERRCODES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40066: "invalid url",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1, not in whitelist",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41008: "missing code",
    41009: "missing openid",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "access_token and refresh_token exception",
    43001: "require GET method",
    43002: "require POST method",
    43003: "require https",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, mustslower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    48004: "api forbidden",
    50001: "user unauthorized",
    50002: "user limited",
}
SNS, CGI = "text/plain", "application/json"
"""The type of an answer; neither has a charset, and both are UTF-8."""
_OLD = frozenset({40029, 40163})
"""Still said the old way by ``/sns/``."""


class Refused(Exception):
    def __init__(self, errcode: int):
        super().__init__(errcode)
        self.errcode = errcode


def refusal(refused: Refused, kind: str) -> flask.Response:
    stem = ERRCODES[refused.errcode]
    if kind == SNS and refused.errcode in _OLD:
        said = f"{stem}, hints: [ req_id: {secrets.token_urlsafe(4)}.{secrets.token_hex(5)} ]"
    else:
        said = f"{stem}, rid: {'-'.join(secrets.token_hex(4) for _ in range(3))}"
    return answer({"errcode": refused.errcode, "errmsg": said}, kind)


def answer(said: dict[str, Any], kind: str) -> flask.Response:
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    response = flask.Response(body)
    response.headers["Content-Type"] = kind
    return response
