"""Aliyun Dysmsapi SendSms as it answers on the wire: RPC style, signature version 3."""

import hmac
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import flask

from sandbox import faults, magic
from sandbox.inbox import BEIJING, Inbox, plain
from sandbox.limits import DAY, Limits
from sandbox.options import Options

bp = flask.Blueprint("aliyun", __name__, url_prefix="/aliyun")

SKEW = timedelta(minutes=15)
RECOMMEND = "https://api.aliyun.com/troubleshoot"
LIMIT_CODE = "isv.BUSINESS_LIMIT_CONTROL"
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)
_TEMPLATE = re.compile(r"SMS_\d+")
_CODE = re.compile(r"[0-9A-Za-z]{4,6}")


class Refused(Exception):
    def __init__(self, code: str, message: str, status: int = 200):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@bp.route("/", methods=["GET", "POST"])
def send_sms() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    try:
        _check_gateway(options)
        form = {**flask.request.args.to_dict(), **flask.request.form.to_dict()}
        number = _check_business(form)
        faults.linger("aliyun", number)
        if (failure := magic.failure("aliyun", number)) is not None:
            if not failure.status:
                return faults.hang_up()
            raise Refused(failure.code, failure.message, failure.status)
        _check_limits(number, form["SignName"], options)
    except Refused as refused:
        return _refusal(refused)
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
    return flask.jsonify(Message="OK", RequestId=_request_id(), Code="OK", BizId=biz_id)


def _check_gateway(options: Options) -> None:
    """What the API gateway checks before the service sees anything."""
    headers = flask.request.headers
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if found is None:
        raise Refused("IncompleteSignature", "The request signature is incomplete.", 400)
    if found[1] != options.aliyun_key:
        raise Refused("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if headers.get("x-acs-action") != "SendSms":
        raise Refused("InvalidAction.NotFound", "Specified api is not found.", 404)
    if headers.get("x-acs-version") != "2017-05-25":
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


def _check_business(form: dict[str, str]) -> str:
    """What the service checks of the message; the number it goes to."""
    for name in ("PhoneNumbers", "SignName", "TemplateCode"):
        if not form.get(name):
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.", 400)
    number = plain(form["PhoneNumbers"])
    if number is None:
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", f"{form['PhoneNumbers']}invalid mobile number")
    if not _TEMPLATE.fullmatch(form["TemplateCode"]):
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


def _refusal(refused: Refused) -> flask.Response:
    answer: dict[str, Any] = {
        "RequestId": _request_id(),
        "Message": refused.message,
        "Code": refused.code,
    }
    if refused.status != 200:  # noqa: PLR2004 - the gateway's errors say more
        answer |= {"HostId": flask.request.host, "Recommend": RECOMMEND}
    response = flask.jsonify(answer)
    response.status_code = refused.status
    return response


def _request_id() -> str:
    return str(uuid.uuid4()).upper()
