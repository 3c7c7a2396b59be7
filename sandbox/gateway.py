"""A plain provincial text message gateway: one JSON POST with a bearer token."""

import hmac
import uuid
from typing import Any

import flask

from sandbox import faults, magic
from sandbox.inbox import Inbox, plain
from sandbox.options import Options

bp = flask.Blueprint("gateway", __name__, url_prefix="/gateway")


@bp.post("/send")
def send() -> tuple[flask.Response, int] | flask.Response:
    options: Options = flask.current_app.extensions["options"]
    given = flask.request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), options.gateway_token.encode()):
        return flask.jsonify(code="UNAUTHORIZED", message="令牌无效"), 401
    body = flask.request.get_json(silent=True)
    if not isinstance(body, dict) or not body.get("content"):
        return flask.jsonify(code="BAD_REQUEST", message="参数错误"), 400
    number = plain(str(body.get("phone", "")))
    if number is None:
        return flask.jsonify(code="NUMBER_INVALID", message="号码无效")
    faults.linger("gateway", number)
    failure = magic.failure("gateway", number)
    if failure is magic.DOWN:
        return faults.hang_up()
    if failure is not None:
        return flask.jsonify(code=failure.code, message=failure.message), failure.status
    return _accept(number, body, options)


def _accept(number: str, body: dict[str, Any], options: Options) -> flask.Response:
    message_id = uuid.uuid4().hex
    delivered = number != magic.UNDELIVERED
    sender, _, _ = str(body["content"]).removeprefix("【").partition("】")
    if delivered:
        inbox: Inbox = flask.current_app.extensions["inbox"]
        inbox.receive(number, sender, str(body["content"]), "省级网关")
    if number != magic.NO_RECEIPT:
        reason = "DELIVERED" if delivered else "UNREACHABLE"
        receipt = {"message_id": message_id, "delivered": delivered, "reason": reason}
        times = 3 if number == magic.REPEATED_RECEIPT else 1
        flask.current_app.extensions["receipts"].push(
            options.gateway_receipts,
            {"receipts": [receipt]},
            lambda answer: answer.get("code") == "0",
            times,
        )
    return flask.jsonify(code="0", message_id=message_id)
