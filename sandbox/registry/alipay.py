"""Alipay's open platform, ``alipay.user.certify.open.*``: both sides sign (RSA2)."""

import json
import secrets
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import flask
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from sandbox import alipay_login, faults
from sandbox.inbox import BEIJING
from sandbox.options import Options
from sandbox.registry import faces, people
from sandbox.registry.people import Registry

bp = flask.Blueprint("alipay", __name__, url_prefix="/alipay")

SKEW = timedelta(minutes=15)
_FAMILY = "alipay.user.certify.open"


class Refused(Exception):
    def __init__(self, code: str, msg: str, sub_code: str, sub_msg: str):
        super().__init__(sub_code)
        self.said = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}


class Keys:
    """Alipay's key pair and the app's, as PEM: from a file, or made when first asked for."""

    def __init__(self, file: str):
        self._file = file

    @cached_property
    def pem(self) -> dict[str, str]:
        """``private_key``, ``public_key`` of Alipay; ``app_private_key``, ``app_public_key``."""
        if self._file:
            return dict(json.loads(Path(self._file).read_text("utf-8")))
        return new_keys()

    @cached_property
    def private(self) -> Any:
        return load_pem_private_key(self.pem["private_key"].encode(), None)

    @cached_property
    def app_public(self) -> Any:
        return load_pem_public_key(self.pem["app_public_key"].encode())


def new_keys() -> dict[str, str]:
    """Two key pairs, by the names ``Keys`` reads them by."""
    return {**_pair(""), **_pair("app_")}


def _pair(prefix: str) -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {f"{prefix}private_key": private.decode(), f"{prefix}public_key": public.decode()}


@bp.post("/gateway.do")
def asked() -> flask.Response:
    fields = {**flask.request.args.to_dict(), **flask.request.form.to_dict()}
    options: Options = flask.current_app.extensions["options"]
    if fields.get("app_id") != options.alipay_app:
        said = Refused("40002", "Invalid Arguments", "isv.invalid-app-id", "无效的AppID参数").said
        return _json({"error_response": said})  # whose key would it be signed for?
    method = fields.get("method", "")
    node = f"{method.replace('.', '_')}_response"
    try:
        _check(fields)
        if method == alipay_login.METHOD:
            return _person(node, fields)
        if method not in _ANSWERS:
            raise Refused("40002", "Invalid Arguments", "isv.invalid-method", "不存在的方法名")
        result = _ANSWERS[method](json.loads(fields["biz_content"]))
    except Refused as refused:
        return _signed(node, refused.said)
    except _Down:
        return faults.hang_up()
    return _signed(node, {"code": "10000", "msg": "Success", **result})


@bp.get("/gateway.do")
def page() -> Any:
    """Where a browser begins the look: a signed address."""
    fields = flask.request.args.to_dict()
    try:
        _check(fields)
    except Refused:
        return flask.Response("验签失败", status=400, mimetype="text/plain")
    token = json.loads(fields["biz_content"]).get("certify_id", "")
    if fields.get("method") != f"{_FAMILY}.certify" or _faces().of(token) is None:
        flask.abort(404)
    return flask.redirect(faces.url(token), 302)


def _person(node: str, fields: dict[str, str]) -> flask.Response:
    """An old method: success has no code, and failure a node of its own."""
    try:
        said, number = alipay_login.exchanged(fields)
    except alipay_login.Failed as failed:
        return _signed("error_response", Refused(*failed.args).said)
    except ConnectionAbortedError:
        raise _Down from None
    return alipay_login.spoilt(_signed(node, said), number)


class _Down(Exception):
    pass


_MUST = ("app_id", "method", "charset", "sign_type", "timestamp", "version")


def _check(fields: dict[str, str]) -> None:
    old = fields.get("method") == alipay_login.METHOD
    for name in _MUST if old else (*_MUST, "biz_content"):
        if not fields.get(name):
            raise Refused("40001", "Missing Required Arguments", f"isv.missing-{name}", "缺少参数")
    text = "&".join(f"{n}={v}" for n, v in sorted(fields.items()) if v and n != "sign")
    try:
        then = datetime.strptime(fields["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        signature = b64decode(fields.get("sign", ""))
        _keys().app_public.verify(signature, text.encode(), padding.PKCS1v15(), SHA256())
    except ValueError:
        raise Refused(
            "40002", "Invalid Arguments", "isv.invalid-timestamp", "时间戳参数无效"
        ) from None
    except InvalidSignature:
        raise Refused("40002", "Invalid Arguments", "isv.invalid-signature", "验签出错") from None
    if abs(datetime.now(BEIJING) - then) > SKEW:
        raise Refused("40002", "Invalid Arguments", "isv.invalid-timestamp", "非法的时间戳参数")


def _initialized(content: dict[str, Any]) -> dict[str, Any]:
    who, config = content["identity_param"], content.get("merchant_config", {})
    registry: Registry = flask.current_app.extensions["registry"]
    verdict = registry.verdict(who["cert_no"], who["cert_name"])
    if verdict == people.DOWN:
        raise _Down
    if verdict == people.SLOW:
        faults.take_long()
        verdict = people.MATCH
    if verdict in _REFUSALS:
        raise Refused(*_REFUSALS[verdict])
    token = secrets.token_hex(16)
    person = faces.Person(who["cert_name"], who["cert_no"], verdict)
    _faces().begin(token, person, config.get("return_url", ""), {})
    return {"certify_id": token}


def _queried(content: dict[str, Any]) -> dict[str, Any]:
    """F is told alike of who failed and of who has not looked; only one of them has a reason."""
    journey = _faces().of(content.get("certify_id", ""))
    if journey is None:
        raise Refused("40004", "Business Failed", "CERTIFY_ID_NOT_EXIST", "认证单据不存在")
    if journey.outcome == faces.PASSED:
        who = {"cert_name": journey.person.name, "cert_no": journey.person.number}
        return {"passed": "T", "identity_info": json.dumps(who, ensure_ascii=False)}
    if journey.outcome in {"", faces.LEFT}:
        return {"passed": "F"}
    return {"passed": "F", "fail_reason": _REASONS[journey.outcome]}


_REFUSALS = {
    people.INVALID: ("40004", "Business Failed", "INVALID_PARAMETER", "参数有误"),
    people.LIMITED: ("40005", "Call Limited", "isv.app-call-limited", "调用频次超限"),
    people.MAINTENANCE: ("20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙"),
}
_REASONS = {
    faces.FAILED: "人脸比对不一致",
    faces.OTHER: "人脸图像质量过低",
    faces.UNKNOWN: "查询不到照片",
}
_ANSWERS = {f"{_FAMILY}.initialize": _initialized, f"{_FAMILY}.query": _queried}


def _signed(node: str, said: dict[str, Any]) -> flask.Response:
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    sign = b64encode(_keys().private.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()
    body = f'{{"{node}":{text},"sign":"{sign}"}}'
    return flask.Response(body, content_type="text/html;charset=utf-8")


def _json(body: dict[str, Any]) -> flask.Response:
    return flask.Response(json.dumps(body, ensure_ascii=False), content_type="text/html")


def _keys() -> Keys:
    keys: Keys = flask.current_app.extensions["alipay-keys"]
    return keys


def _faces() -> faces.Faces:
    found: faces.Faces = flask.current_app.extensions["faces"]
    return found
