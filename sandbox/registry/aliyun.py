"""Aliyun cloudauth (2019-03-07): the registers and the living face."""

import json
import secrets
from typing import Any

import flask

from sandbox import acs3, faults
from sandbox.acs3 import Refused
from sandbox.registry import faces, people
from sandbox.registry.people import Registry

bp = flask.Blueprint("cloudauth", __name__, url_prefix="/aliyun-cloudauth")

_NEEDED = {
    "Id2MetaVerify": ("ParamType", "IdentifyNum", "UserName"),
    "Mobile3MetaSimpleVerify": ("ParamType", "IdentifyNum", "UserName", "Mobile"),
    "InitFaceVerify": ("SceneId", "OuterOrderNo", "CertName", "CertNo", "MetaInfo", "ReturnUrl"),
    "DescribeFaceVerify": ("SceneId", "CertifyId"),
}
_RESULTS = {people.MATCH: "1", people.MISMATCH: "2", people.NO_RECORD: "3"}
_CODES = {
    people.INVALID: ("401", "参数非法"),
    people.LIMITED: ("403", "重复调用"),
    people.MAINTENANCE: ("402", "权威数据源异常"),
}
_NO_FACE = {
    people.INVALID: ("401", "参数非法"),
    people.LIMITED: ("418", "当天刷脸认证次数过多"),
    people.MAINTENANCE: ("500", "系统错误"),
}
_FACES = {
    faces.PASSED: ("T", "200"),
    faces.OTHER: ("F", "205"),
    faces.FAILED: ("F", "204"),
    faces.UNKNOWN: ("F", "203"),
}


@bp.post("/")
def asked() -> flask.Response:
    try:
        action = acs3.check("2019-03-07", _NEEDED)
        form = acs3.fields()
        if not all(form.get(name) for name in _NEEDED[action]):
            return acs3.answer({"Code": "400", "Message": "参数不能为空"})
        verdict = _verdict(form)
        if verdict == people.DOWN:
            return faults.hang_up()
        return acs3.answer(_ANSWERS.get(action, _compared)(form, verdict))
    except Refused as refused:
        return acs3.refusal(refused)


def _verdict(form: dict[str, str]) -> str:
    number = form.get("IdentifyNum") or form.get("CertNo")
    if not number:
        return people.MATCH
    registry: Registry = flask.current_app.extensions["registry"]
    name = form.get("UserName") or form.get("CertName", "")
    verdict = registry.verdict(number, name, form.get("Mobile", ""))
    if verdict == people.SLOW:
        faults.take_long()
        return people.MATCH
    return verdict


def _compared(_form: dict[str, str], verdict: str) -> dict[str, Any]:
    if verdict in _CODES:
        raise Refused(*_CODES[verdict])
    return _said({"BizCode": _RESULTS[verdict]})


def _begun(form: dict[str, str], verdict: str) -> dict[str, Any]:
    if verdict in _NO_FACE:
        raise Refused(*_NO_FACE[verdict])
    token = secrets.token_hex(16)
    person = faces.Person(form["CertName"], form["CertNo"], verdict)
    told = json.dumps({"extInfo": {"certifyId": token}})
    back = faces.bringing(form["ReturnUrl"], response=told)
    _faces().begin(token, person, back, {"SceneId": form["SceneId"]})
    return _said({"CertifyId": token, "CertifyUrl": faces.url(token)})


def _described(form: dict[str, str], _verdict: str) -> dict[str, Any]:
    journey = _faces().of(form["CertifyId"])
    if journey is None or journey.extra.get("SceneId") != form["SceneId"]:
        raise Refused("406", "无效的CertifyId")
    if journey.outcome in {"", faces.LEFT}:
        raise Refused("424", "身份认证记录不存在")
    passed, said = _FACES[journey.outcome]
    return _said({"Passed": passed, "SubCode": said, "IdentityInfo": None, "MaterialInfo": "{}"})


def _said(result: dict[str, Any]) -> dict[str, Any]:
    return {"Code": "200", "Message": "success", "ResultObject": result}


_ANSWERS = {"InitFaceVerify": _begun, "DescribeFaceVerify": _described}


def _faces() -> faces.Faces:
    found: faces.Faces = flask.current_app.extensions["faces"]
    return found
