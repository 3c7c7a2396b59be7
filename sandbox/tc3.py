"""What Tencent Cloud's gateway checks of every request (API 3.0, TC3-HMAC-SHA256)."""

import hmac
import re
import time
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import flask

from sandbox.options import Options

SKEW = 300
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request,"
    r"\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    """The whole request failed; Tencent says so with status 200."""

    def __init__(self, code: str, message: str):
        super().__init__(code)
        self.code, self.message = code, message


def check(service: str, version: str, actions: Collection[str]) -> str:
    """The action asked for. Raises Refused."""
    options: Options = flask.current_app.extensions["options"]
    headers = flask.request.headers
    stamp = headers.get("X-TC-Timestamp", "")
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "X-TC-Region"):
        if not headers.get(name):
            raise Refused("MissingParameter", f"缺少参数 {name.removeprefix('X-TC-')}。")
    if headers["X-TC-Action"] not in actions or headers["X-TC-Version"] != version:
        raise Refused("InvalidAction", "接口不存在。")
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if found is None or not {"content-type", "host"} <= set(found[4].split(";")):
        raise Refused("AuthFailure.SignatureFailure", "请求签名验证失败。")
    if found[1] != options.tencent_id:
        raise Refused("AuthFailure.SecretIdNotFound", "SecretId不存在。")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > SKEW:
        raise Refused("AuthFailure.SignatureExpire", "签名过期，Timestamp 与服务器时间相差过大。")
    date = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    signature = _signature(options.tencent_key, stamp, (date, service), found[4])
    good = (found[2], found[3]) == (date, service) and hmac.compare_digest(signature, found[5])
    if not good:
        raise Refused("AuthFailure.SignatureFailure", "请求签名验证失败。")
    return headers["X-TC-Action"]


def _signature(key: str, stamp: str, scope: tuple[str, str], names: str) -> str:
    request = flask.request
    values = ((name, request.headers.get(name, "").strip()) for name in names.split(";"))
    lines = "".join(f"{n}:{v.lower() if n == 'x-tc-action' else v}\n" for n, v in values)
    hashed = sha256(request.get_data()).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashed}"
    hashed = sha256(canonical.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope[0]}/{scope[1]}/tc3_request\n{hashed}"
    secret = f"TC3{key}".encode()
    for part in (*scope, "tc3_request"):
        secret = hmac.new(secret, part.encode(), sha256).digest()
    return hmac.new(secret, text.encode(), sha256).hexdigest()


def answer(response: dict[str, Any]) -> flask.Response:
    return flask.jsonify(Response={**response, "RequestId": str(uuid.uuid4())})


def refusal(refused: Refused) -> flask.Response:
    return answer({"Error": {"Code": refused.code, "Message": refused.message}})
