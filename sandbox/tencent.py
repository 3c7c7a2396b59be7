"""Tencent Cloud SMS SendSms as it answers on the wire (API 3.0, TC3-HMAC-SHA256)."""

import json
import uuid
from datetime import datetime
from hashlib import sha256
from typing import Any

import flask

from sandbox import faults, magic, tc3
from sandbox.inbox import BEIJING, Inbox, plain
from sandbox.limits import DAY, Limits
from sandbox.options import Options
from sandbox.tc3 import Refused

bp = flask.Blueprint("tencent", __name__, url_prefix="/tencent")

MOST_NUMBERS = 200


@bp.post("/")
def send_sms() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    try:
        tc3.check("sms", "2021-01-11", {"SendSms"})
        body = _check_body(options)
        for number in map(_plain, body["PhoneNumberSet"]):
            faults.linger("tencent", number)
            broken = magic.failure("tencent", number)
            if broken in {magic.DOWN, magic.BROKEN}:
                return _broken(broken)
            if (failure := magic.failure("tencent", number, "1990003")) is not None:
                raise Refused(failure.code, failure.message)
    except Refused as refused:
        return tc3.refusal(refused)
    statuses = [_send(number, body, options) for number in body["PhoneNumberSet"]]
    return tc3.answer({"SendStatusSet": statuses})


def _send(e164: str, body: dict[str, Any], options: Options) -> dict[str, Any]:
    number = _plain(e164)
    failure = magic.failure("tencent", number) or _limit(number, body, options)
    if failure is not None:
        return _status(e164, body, code=failure.code, message=failure.message)
    serial = f"5000:{uuid.uuid4().int % 10**28:028}"
    delivered = number != magic.UNDELIVERED
    if delivered:
        inbox: Inbox = flask.current_app.extensions["inbox"]
        inbox.receive(number, body["SignName"], _text(body), "腾讯云")
    if number != magic.NO_RECEIPT:
        times = 3 if number == magic.REPEATED_RECEIPT else 1
        flask.current_app.extensions["receipts"].push(
            options.tencent_receipts,
            [_report(number, serial, delivered)],
            lambda answer: answer.get("result") == 0,
            times,
        )
    return _status(e164, body, serial=serial)


def _check_body(options: Options) -> dict[str, Any]:
    try:
        body = json.loads(flask.request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("InvalidParameter", "参数错误。")
    for name in ("PhoneNumberSet", "SmsSdkAppId", "TemplateId"):
        if not body.get(name):
            raise Refused("MissingParameter", f"缺少参数 {name}。")
    if not isinstance(body["PhoneNumberSet"], list) or len(body["PhoneNumberSet"]) > MOST_NUMBERS:
        raise Refused("InvalidParameterValue", "参数取值错误。")
    if body["SmsSdkAppId"] != options.tencent_app:
        raise Refused("InvalidParameterValue.SdkAppIdNotExist", "SdkAppId不存在。")
    return {"SignName": "", "TemplateParamSet": [], "SessionContext": "", **body}


def _limit(number: str, body: dict[str, Any], options: Options) -> magic.Magic | None:
    if plain(number) is None:
        return magic.Magic("InvalidParameterValue.IncorrectPhoneNumber", "手机号格式错误")
    limits: Limits = flask.current_app.extensions["tencent-limits"]
    content = sha256(_text(body).encode()).hexdigest()
    if limits.reached(f"{number}|{content}", [(options.tencent_gap, 1)]) is not None:
        code = "LimitExceeded.PhoneNumberThirtySecondLimit"
        return magic.Magic(code, "单个手机号30秒内下发短信条数超过上限")
    # The real service counts by the calendar day; a window of a day is never more lenient.
    if limits.reached(number, [(DAY, options.tencent_day)]) is not None:
        code = "LimitExceeded.PhoneNumberDailyLimit"
        return magic.Magic(code, "单个手机号日下发短信条数超过上限")
    return None


def _status(
    number: str, body: dict[str, Any], serial: str = "", code: str = "Ok", message: str = ""
) -> dict[str, Any]:
    return {
        "SerialNo": serial,
        "PhoneNumber": number,
        "Fee": 1 if serial else 0,
        "SessionContext": body["SessionContext"],
        "Code": code,
        "Message": message or "send success",
        "IsoCode": "CN",
    }


def _report(number: str, serial: str, delivered: bool) -> dict[str, Any]:
    return {
        "user_receive_time": datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "nationcode": "86",
        "mobile": number,
        "report_status": "SUCCESS" if delivered else "FAIL",
        "errmsg": "DELIVRD" if delivered else "UNDELIV",
        "description": "用户短信送达成功" if delivered else "用户短信送达失败",
        "sid": serial,
    }


def _text(body: dict[str, Any]) -> str:
    values = [str(value) for value in body["TemplateParamSet"]]
    if len(values) == 1 and values[0].isdigit():
        advice = "5分钟内有效，请勿泄露给他人。如非本人操作，请忽略本短信。"
        return f"【{body['SignName']}】您的验证码为{values[0]}，{advice}"
    return f"【{body['SignName']}】通知（模板 {body['TemplateId']}）{'，'.join(values)}"


def _plain(number: str) -> str:
    return plain(str(number)) or "0" * 11


def _broken(failure: magic.Magic | None) -> flask.Response:
    return faults.hang_up() if failure is magic.DOWN else flask.Response(status=503)
