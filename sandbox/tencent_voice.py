"""Tencent Cloud VMS SendCodeVoice as it answers on the wire; the fake phone takes the call."""

import json
import re
import time
import uuid
from typing import Any

import flask

from sandbox import faults, magic, tc3
from sandbox.inbox import Inbox, plain
from sandbox.options import Options
from sandbox.tc3 import Refused

bp = flask.Blueprint("tencent-voice", __name__, url_prefix="/tencent-voice")

_CODE = re.compile(r"\d{4,8}")
_NO_SUCH_NUMBER = 8
_MOST_PLAYS = 3


@bp.post("/")
def send_code_voice() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    try:
        tc3.check("vms", "2020-09-02", {"SendCodeVoice"})
        body = _check_body(options)
        number = plain(str(body["CalledNumber"]))
        if number is None:
            code = "InvalidParameterValue.CalledNumberVerifyFail"
            raise Refused(code, "被叫手机号码格式校验失败。")
        faults.linger("tencent_voice", number)
        failure = magic.failure("tencent_voice", number)
        if failure is magic.DOWN:
            return faults.hang_up()
        if failure is magic.BROKEN:
            return flask.Response(status=503)
        if failure is not None:
            raise Refused(failure.code, failure.message)
    except Refused as refused:
        return tc3.refusal(refused)
    call_id = str(uuid.uuid4())
    answered = number != magic.UNANSWERED
    if answered:
        inbox: Inbox = flask.current_app.extensions["inbox"]
        words = f"（语音电话）您的验证码是{body['CodeMessage']}，验证码是{body['CodeMessage']}。"
        inbox.receive(number, "0755", words, "腾讯云来电")
    for report in _reports(number, call_id, answered):
        flask.current_app.extensions["receipts"].push(
            options.tencent_voice_receipts, report, lambda answer: answer.get("result") == 0
        )
    status = {"CallId": call_id, "SessionContext": body.get("SessionContext", "")}
    return tc3.answer({"SendStatus": status})


def _check_body(options: Options) -> dict[str, Any]:
    try:
        body = json.loads(flask.request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("FailedOperation.JsonParseFail", "解析请求包体时候失败。")
    for name in ("CodeMessage", "CalledNumber", "VoiceSdkAppid"):
        if not body.get(name):
            raise Refused("MissingParameter", f"缺少参数 {name}。")
    if body["VoiceSdkAppid"] != options.tencent_app:
        code = "InvalidParameterValue.SdkAppidNotExist"
        raise Refused(code, "SDK AppID 不存在。")
    plays = body.get("PlayTimes", 2)
    if not _CODE.fullmatch(str(body["CodeMessage"])) or not 1 <= plays <= _MOST_PLAYS:
        raise Refused("FailedOperation.InvalidParameters", "无效参数。")
    return body


def _reports(number: str, call_id: str, answered: bool) -> list[dict[str, Any]]:
    """How the call ended; and of one nobody answered, why."""
    now = int(time.time())
    whose = {"callid": call_id, "mobile": number, "nationcode": "86", "call_from": "0755"}
    times = {"start_calltime": str(now), "accept_time": str(now + 8) if answered else ""}
    ended = {"result": "0" if answered else "1", "end_calltime": str(now + 30), "fee": "1"}
    reports: list[dict[str, Any]] = [{"voicecode_callback": {**whose, **times, **ended}}]
    if not answered:
        why = {"failure_code": _NO_SUCH_NUMBER, "failure_reason": "无人接听"}
        reports.append({"voice_failure_callback": {**whose, **why}})
    return reports
