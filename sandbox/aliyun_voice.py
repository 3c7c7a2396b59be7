"""Aliyun Dyvmsapi SingleCallByTts as it answers on the wire; the fake phone takes the call."""

import json
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import flask

from sandbox import acs3, faults, magic
from sandbox.acs3 import Refused
from sandbox.inbox import BEIJING, Inbox, plain
from sandbox.limits import DAY, Limits
from sandbox.options import Options

bp = flask.Blueprint("aliyun-voice", __name__, url_prefix="/aliyun-voice")

ANSWERED, NO_ANSWER = "200000", "200010"
_TEMPLATE = re.compile(r"TTS_\d+")
_CODE = re.compile(r"[0-9A-Za-z]{4,6}")
_PLAYS = {"1", "2", "3"}


@bp.route("/", methods=["GET", "POST"])
def single_call() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    try:
        acs3.check("2017-05-25", {"SingleCallByTts"})
        form = acs3.fields()
        number, code = _number(form), _code(form)
        faults.linger("aliyun_voice", number)
        if (failure := magic.failure("aliyun_voice", number)) is not None:
            if not failure.status:
                return faults.hang_up()
            raise Refused(failure.code, failure.message, failure.status)
        _check_limits(number, options)
    except Refused as refused:
        return acs3.refusal(refused)
    call_id = f"{uuid.uuid4().int % 10**12:012}^{uuid.uuid4().int % 10**12:012}"
    answered = number != magic.UNANSWERED
    if answered:
        inbox: Inbox = flask.current_app.extensions["inbox"]
        inbox.receive(number, form.get("CalledShowNumber") or "95187", _words(code), "阿里云来电")
    flask.current_app.extensions["receipts"].push(
        options.aliyun_voice_receipts,
        [_report(number, call_id, form, answered)],
        lambda answer: isinstance(answer.get("code"), int),
    )
    return acs3.answer({"Message": "OK", "Code": "OK", "CallId": call_id})


def _number(form: dict[str, str]) -> str:
    """Whom to call, once the rest of the call is in order."""
    for name in ("CalledNumber", "TtsCode"):
        if not form.get(name):
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.", 400)
    number = plain(form["CalledNumber"])
    if number is None:
        raise Refused("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式不合法")
    if not _TEMPLATE.fullmatch(form["TtsCode"]):
        raise Refused("isv.TTS_TEMPLATE_ILLEGAL", "文本转语音模板不合法")
    if form.get("PlayTimes", "3") not in _PLAYS or len(form.get("OutId", "").encode()) > 15:  # noqa: PLR2004 - theirs
        raise Refused("isv.INVALID_PARAMETERS", "参数异常")
    return number


def _code(form: dict[str, str]) -> str:
    """What to say."""
    try:
        params = json.loads(form.get("TtsParam") or "{}")
    except ValueError:
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法") from None
    code = params.get("code") if isinstance(params, dict) else None
    if code is None:
        raise Refused("isv.TEMPLATE_MISSING_PARAMETERS", "文本转语音模板参数缺失")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Refused("isv.INVALID_PARAMETERS", "参数异常")
    return code


def _check_limits(number: str, options: Options) -> None:
    """Answered or not, a call counts."""
    limits: Limits = flask.current_app.extensions["aliyun-voice-limits"]
    windows = [
        (60.0, options.per_minute, "分钟级"),
        (3600.0, options.per_hour, "小时级"),
        (DAY, options.calls_day, "天级"),
    ]
    full = limits.reached(number, [(seconds, most) for seconds, most, _ in windows])
    if full is not None:
        _, most, word = windows[full]
        raise Refused("isv.BUSINESS_LIMIT_CONTROL", f"触发{word}流控Permits:{most}")


def _words(code: str) -> str:
    return f"（语音电话）您好，您的验证码是{code}，请勿告诉他人。再说一遍，验证码是{code}。"


def _report(number: str, call_id: str, form: dict[str, str], answered: bool) -> dict[str, Any]:
    now = datetime.now(BEIJING)
    moments = [f"{now + timedelta(seconds=s):%Y-%m-%d %H:%M:%S}" for s in (0, 3, 8, 30)]
    originated, rang, taken, ended = moments
    return {
        "call_id": call_id,
        "status_code": ANSWERED if answered else NO_ANSWER,
        "status_msg": "用户接听" if answered else "用户未接听",
        "voice_type": "voice",
        "callee": number,
        "caller": form.get("CalledShowNumber", ""),
        "originate_time": originated,
        "ring_time": rang,
        "start_time": taken if answered else "",
        "end_time": ended if answered else "",
        "duration": "22" if answered else "0",
        "out_id": form.get("OutId", ""),
    }
