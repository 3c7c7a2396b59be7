"""What Aliyun's API gateway checks before a product sees anything (RPC style, ACS3-HMAC-SHA256)."""

import hmac
import re
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import flask

from sandbox.limits import Limits
from sandbox.options import Options

SKEW = timedelta(minutes=15)
RECOMMEND = "https://api.aliyun.com/troubleshoot"
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    def __init__(self, code: str, message: str, status: int = 200):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def check(version: str, actions: Collection[str]) -> str:
    """The action asked for. Raises Refused."""
    options: Options = flask.current_app.extensions["options"]
    headers = flask.request.headers
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if found is None:
        raise Refused("IncompleteSignature", "The request signature is incomplete.", 400)
    if found[1] != options.aliyun_key:
        raise Refused("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if headers.get("x-acs-action") not in actions:
        raise Refused("InvalidAction.NotFound", "Specified api is not found.", 404)
    if headers.get("x-acs-version") != version:
        raise Refused("InvalidVersion", "Specified parameter Version is not valid.", 400)
    if not _fresh(headers.get("x-acs-date", "")):
        raise Refused("InvalidTimeStamp.Expired", "Specified time stamp is expired.", 400)
    body = flask.request.get_data()
    hashed = headers.get("x-acs-content-sha256", "")
    signature = _signature(options.aliyun_secret, found[2].split(";"), hashed)
    if hashed != sha256(body).hexdigest() or not hmac.compare_digest(signature, found[3]):
        raise Refused("SignatureDoesNotMatch", "Specified signature is not matched.", 400)
    nonces: Limits = flask.current_app.extensions["nonces"]
    nonce = headers.get("x-acs-signature-nonce", "")
    if not nonce or not nonces.first_time(nonce):
        raise Refused("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
    return headers["x-acs-action"]


def fields() -> dict[str, str]:
    """What was asked, wherever it stood."""
    return {**flask.request.args.to_dict(), **flask.request.form.to_dict()}


def answer(result: dict[str, Any], status: int = 200) -> flask.Response:
    response = flask.jsonify({**result, "RequestId": str(uuid.uuid4()).upper()})
    response.status_code = status
    return response


def refusal(refused: Refused) -> flask.Response:
    said: dict[str, Any] = {"Message": refused.message, "Code": refused.code}
    if refused.status != 200:  # noqa: PLR2004 - the gateway's errors say more
        said |= {"HostId": flask.request.host, "Recommend": RECOMMEND}
    return answer(said, refused.status)


def _signature(secret: str, names: list[str], hashed: str) -> str:
    request = flask.request
    must = {"host"} | {name.lower() for name, _ in request.headers if name[:6].lower() == "x-acs-"}
    if request.content_type:
        must.add("content-type")
    if names != sorted(names) or not must <= set(names):
        return ""
    pairs = sorted(request.args.items(multi=True))
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    canonical = "\n".join((request.method, "/", query, lines, ";".join(names), hashed))
    text = "ACS3-HMAC-SHA256\n" + sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def _fresh(date: str) -> bool:
    try:
        then = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - then) <= SKEW
