"""What platforms with interface files of their own check: JSON, or a header, signed (HMAC-SM3)."""

import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import flask
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

SKEW = 300


class Refused(Exception):
    """The request is not answered at all: whoever sent it is not known."""


def fields(key: str) -> dict[str, str]:
    """What was asked, its signature checked and taken off. Raises Refused."""
    given = _given()
    sign = given.pop("sign", "")
    if not hmac.compare_digest(signature(key, given).encode(), sign.encode()):
        raise Refused
    stamp = given.get("timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > SKEW:
        raise Refused
    return given


def _given() -> dict[str, str]:
    if flask.request.method == "GET":
        header = flask.request.headers.get("Authorization", "")
        return dict(parse_qsl(header.removeprefix("HMAC-SM3 "), keep_blank_values=True))
    try:
        found = json.loads(flask.request.get_data())
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Refused
    return found


def answer(key: str, said: dict[str, str]) -> flask.Response:
    return flask.jsonify({**said, "sign": signature(key, said)})


def refusal() -> flask.Response:
    response = flask.jsonify(message="验签失败")
    response.status_code = 401
    return response


def signature(key: str, said: dict[str, Any]) -> str:
    text = "&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in sorted(said.items()))
    mac = HMAC(key.encode(), SM3())
    mac.update(text.encode())
    return mac.finalize().hex()
