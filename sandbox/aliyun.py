"""Aliyun Dysmsapi SendSms as it answers on the wire: RPC style, signature version 3."""

import json
import re
import uuid
from datetime import datetime
from typing import Any

import flask

from sandbox import acs3, faults, magic
from sandbox.acs3 import Refused
from sandbox.inbox import BEIJING, Inbox, plain
from sandbox.limits import DAY, Limits
from sandbox.options import Options

bp = flask.Blueprint("aliyun", __name__, url_prefix="/aliyun")

LIMIT_CODE = "isv.BUSINESS_LIMIT_CONTROL"
TEMPLATE = re.compile(r"SMS_\d+")
_CODE = re.compile(r"[0-9A-Za-z]{4,6}")


@bp.route("/", methods=["GET", "POST"])
def send_sms() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    try:
        acs3.check("2017-05-25", {"SendSms"})
        form = acs3.fields()
        number = _check_business(form)
        faults.linger("aliyun", number)
        if (failure := magic.failure("aliyun", number)) is not None:
            if not failure.status:
                return faults.hang_up()
            raise Refused(failure.code, failure.message, failure.status)
        _check_limits(number, form["SignName"], options)
    except Refused as refused:
        return acs3.refusal(refused)
    return _accept(number, form, options)


def _accept(number: str, form: dict[str, str], options: Options) -> flask.Response:
    biz_id = f"{uuid.uuid4().int % 10**18:018}^0"
    delivered = number != magic.UNDELIVERED
    if delivered:
        inbox: Inbox = flask.current_app.extensions["inbox"]
        inbox.receive(number, form["SignName"], _text(form), "阿里云")
    if number != magic.NO_RECEIPT:
        times = 3 if number == magic.REPEATED_RECEIPT else 1
        flask.current_app.extensions["receipts"].push(
            options.aliyun_receipts,
            [_report(number, biz_id, form, delivered)],
            lambda answer: isinstance(answer.get("code"), int),
            times,
        )
    return acs3.answer({"Message": "OK", "Code": "OK", "BizId": biz_id})


def _check_business(form: dict[str, str]) -> str:
    """What the service checks of the message; the number it goes to."""
    for name in ("PhoneNumbers", "SignName", "TemplateCode"):
        if not form.get(name):
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.", 400)
    number = plain(form["PhoneNumbers"])
    if number is None:
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", f"{form['PhoneNumbers']}invalid mobile number")
    if not TEMPLATE.fullmatch(form["TemplateCode"]):
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
    params = _params(form)
    if not all(isinstance(value, str) for value in params.values()):
        raise Refused("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值")
    if "code" in params and not _CODE.fullmatch(params["code"]):
        raise Refused("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量规格不符")
    if any("://" in value for value in params.values()):
        raise Refused("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
    return number


def _check_limits(number: str, sign: str, options: Options) -> None:
    limits: Limits = flask.current_app.extensions["aliyun-limits"]
    windows = [
        (60.0, options.per_minute, "分钟级"),
        (3600.0, options.per_hour, "小时级"),
        (DAY, options.per_day, "天级"),
    ]
    full = limits.reached(f"{sign}|{number}", [(seconds, most) for seconds, most, _ in windows])
    if full is not None:
        _, most, word = windows[full]
        raise Refused(LIMIT_CODE, f"触发{word}流控Permits:{most}")
    if limits.reached(number, [(DAY, options.any_sender_day)]) is not None:
        raise Refused(LIMIT_CODE, f"触发号码天级流控Permits:{options.any_sender_day}")


def _params(form: dict[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(form.get("TemplateParam") or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值")
    return found


def _text(form: dict[str, str]) -> str:
    params = _params(form)
    if "code" in params:
        advice = "5分钟内有效，请勿泄露给他人。如非本人操作，请忽略本短信。"
        return f"【{form['SignName']}】您的验证码为{params['code']}，{advice}"
    values = "，".join(params.values())
    return f"【{form['SignName']}】通知（模板 {form['TemplateCode']}）{values}"


def _report(number: str, biz_id: str, form: dict[str, str], delivered: bool) -> dict[str, Any]:
    now = datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "phone_number": number,
        "send_time": now,
        "report_time": now,
        "success": delivered,
        "err_code": "DELIVERED" if delivered else "UNDELIV",
        "err_msg": "用户接收成功" if delivered else "用户接收失败",
        "sms_size": "1",
        "biz_id": biz_id,
        "out_id": form.get("OutId", ""),
    }
