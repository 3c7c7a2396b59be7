"""Tencent Cloud faceid (2018-03-01): registers and the living face."""

import json
import secrets
from typing import Any

import flask

from sandbox import faults, tc3
from sandbox.registry import faces, people
from sandbox.registry.people import Registry
from sandbox.tc3 import Refused

bp = flask.Blueprint("faceid", __name__, url_prefix="/tencent-faceid")

_ID_CARD = {
    people.MATCH: ("0", "姓名和身份证号一致"),
    people.MISMATCH: ("-1", "姓名和身份证号不一致"),
    people.INVALID: ("-2", "非法身份证号（长度、校验位等不正确）"),
    people.NO_RECORD: ("-5", "证件库中无此身份证记录"),
    people.MAINTENANCE: ("-6", "权威比对系统升级中，请稍后再试"),
    people.LIMITED: ("-7", "认证次数超过当日限制"),
}
_PHONE = {
    people.MATCH: ("0", "认证通过"),
    people.MISMATCH: ("-4", "信息不一致"),
    people.INVALID: ("-7", "身份证号码有误"),
    people.NO_RECORD: ("-9", "没有记录"),
    people.MAINTENANCE: ("-11", "验证中心服务繁忙"),
    people.LIMITED: ("-12", "认证次数超过当日限制，请次日重试"),
}
_BANK_CARD = {
    people.MATCH: ("0", "认证通过"),
    people.MISMATCH: ("-1", "认证未通过"),
    people.INVALID: ("-4", "银行卡号码有误"),
    people.NO_RECORD: ("-9", "此卡无对应发卡行"),
    people.MAINTENANCE: ("-17", "验证中心服务繁忙"),
    people.LIMITED: ("-18", "验证次数超限，请次日重试"),
}
_NEEDED = {
    "IdCardVerification": ("IdCard", "Name"),
    "PhoneVerification": ("IdCard", "Name", "Phone"),
    "BankCard4EVerification": ("IdCard", "Name", "Phone", "BankCard"),
    "DetectAuth": ("RuleId", "RedirectUrl"),
    "GetDetectInfoEnhanced": ("BizToken", "RuleId"),
}


@bp.post("/")
def asked() -> flask.Response:
    try:
        action = tc3.check("faceid", "2018-03-01", _NEEDED)
        body = _body(action)
        verdict = _verdict(body) if "IdCard" in body else people.MATCH
        if verdict == people.DOWN:
            return faults.hang_up()
        return tc3.answer(_ANSWERS[action](body, verdict))
    except Refused as refused:
        return tc3.refusal(refused)


def _body(action: str) -> dict[str, Any]:
    try:
        body = json.loads(flask.request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("InvalidParameter", "参数错误。")
    for name in _NEEDED[action]:
        if not body.get(name):
            raise Refused("MissingParameter", f"缺少参数 {name}。")
    return body


def _verdict(body: dict[str, Any]) -> str:
    registry: Registry = flask.current_app.extensions["registry"]
    more = {"phone": body.get("Phone", ""), "bank_card": body.get("BankCard", "")}
    verdict = registry.verdict(body["IdCard"], body.get("Name", ""), **more)
    if verdict == people.SLOW:
        faults.take_long()
        return people.MATCH
    return verdict


def _id_card(_body: dict[str, Any], verdict: str) -> dict[str, Any]:
    result, description = _ID_CARD[verdict]
    return {"Result": result, "Description": description}


def _phone(_body: dict[str, Any], verdict: str) -> dict[str, Any]:
    result, description = _PHONE[verdict]
    detail = "PhoneIdCardMismatch" if verdict == people.MISMATCH else ""
    said = {"Result": result, "Description": description, "Isp": "移动"}
    return {**said, "ResultDetail": detail} if detail else said


def _bank_card(_body: dict[str, Any], verdict: str) -> dict[str, Any]:
    result, description = _BANK_CARD[verdict]
    return {"Result": result, "Description": description}


def _detect(body: dict[str, Any], verdict: str) -> dict[str, Any]:
    """The journey begins with whatever the register says; it is told at the end."""
    if verdict == people.MAINTENANCE:
        raise Refused("InternalError", "内部错误。")
    if verdict == people.LIMITED:
        raise Refused("LimitExceeded", "超过配额限制。")
    if verdict == people.INVALID:
        raise Refused("InvalidParameterValue", "参数取值错误。")
    token = str(secrets.token_hex(16)).upper()
    person = faces.Person(body.get("Name", ""), body.get("IdCard", ""), verdict)
    extra = {"RuleId": body["RuleId"], "Extra": body.get("Extra", "")}
    _faces().begin(token, person, faces.bringing(body["RedirectUrl"], BizToken=token), extra)
    return {"Url": faces.url(token), "BizToken": token}


def _detected(body: dict[str, Any], _verdict: str) -> dict[str, Any]:
    journey = _faces().of(body["BizToken"])
    if journey is None or journey.extra["RuleId"] != body["RuleId"]:
        raise Refused("InvalidParameterValue.BizTokenIllegal", "BizToken不合法。")
    text: dict[str, Any] = {"ErrCode": None, "ErrMsg": None, "Extra": journey.extra["Extra"]}
    if journey.outcome:
        code, message = _FACES[journey.outcome]
        text |= {"ErrCode": code, "ErrMsg": message, "LiveStatus": code, "LiveMsg": message}
        text |= {"Comparestatus": code, "Comparemsg": message, "Sim": "98.00" if not code else "0"}
        text |= {"IdCard": journey.person.number, "Name": journey.person.name}
        text |= {"LivenessDetail": [{"Errcode": code, "Errmsg": message, "Idcard": ""}]}
    return {"Text": text, "BestFrame": None, "VideoData": None}


_FACES = {
    faces.PASSED: (0, "成功"),
    faces.OTHER: (-5001, "视频像素太低，最小270*480"),
    faces.FAILED: (-2016, "比对相似度低于阈值"),
    faces.UNKNOWN: (-5005, "自拍照解析照片失败：库中无此人照片"),
    faces.LEFT: (-1, "用户取消"),
}
_ANSWERS = {
    "IdCardVerification": _id_card,
    "PhoneVerification": _phone,
    "BankCard4EVerification": _bank_card,
    "DetectAuth": _detect,
    "GetDetectInfoEnhanced": _detected,
}


def _faces() -> faces.Faces:
    found: faces.Faces = flask.current_app.extensions["faces"]
    return found
