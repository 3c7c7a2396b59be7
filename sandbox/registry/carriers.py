"""Aliyun's number encyclopaedia (Dytnsapi 2020-02-17): which numbers went to somebody else."""

from typing import Any

import flask

from sandbox import acs3, faults
from sandbox.acs3 import Refused

bp = flask.Blueprint("dytnsapi", __name__, url_prefix="/aliyun-dytnsapi")

_NEEDED = {"DescribePhoneTwiceTelVerify": ("AuthCode", "InputNumber", "Mask", "StartTime")}
PREFIX = "1990006000"
"""Numbers that begin so are answered by their last digit; all others were kept."""
REISSUED, UNDECIDED, CANCELLED, TRANSFERRED = "1", "0", "3", "4"
KEPT = "2"
RESULTS = {"1": REISSUED, "2": UNDECIDED, "3": CANCELLED, "4": TRANSFERRED}
REFUSALS = {
    "5": ("RequestFrequencyLimit", "号码请求频率过高"),
    "6": ("PortabilityNumberNotSupported", "该号码已携号转网，不支持查询"),
    "7": ("RequestNumberNotSupported", "该号码不支持查询"),
    "8": ("isp.UNKNOWN", "系统异常"),
}
DOWN = "9"
SAID = {
    "1": "号码久未验证时，运营商答复：已二次放号",
    "2": "号码久未验证时，运营商答复：无法判断",
    "3": "号码久未验证时，运营商答复：已停用",
    "4": "号码久未验证时，运营商答复：已过户",
    "5": "号码久未验证时，运营商拒绝：查询过于频繁",
    "6": "号码久未验证时，运营商拒绝：携号转网号码不支持",
    "7": "号码久未验证时，运营商拒绝：该号段不支持",
    "8": "号码久未验证时，运营商系统异常",
    "9": "号码久未验证时，运营商断开连接",
}
"""For who tries them."""


@bp.post("/")
def asked() -> flask.Response:
    try:
        action = acs3.check("2020-02-17", _NEEDED)
        form = acs3.fields()
        if not all(form.get(name) for name in _NEEDED[action]):
            raise Refused("isv.MISSING_PARAMETER", "缺少参数", 400)
        number = form["InputNumber"]
        digit = number.removeprefix(PREFIX) if number.startswith(PREFIX) else ""
        if digit == DOWN:
            return faults.hang_up()
        if digit in REFUSALS:
            raise Refused(*REFUSALS[digit])
        return acs3.answer(_said(RESULTS.get(digit, KEPT)))
    except Refused as refused:
        return acs3.refusal(refused)


def _said(result: str) -> dict[str, Any]:
    return {"Code": "OK", "Message": "OK", "Data": {"VerifyResult": result, "Carrier": "CMCC"}}
