"""Aliyun cloudauth (2022-11-25): the register of organisations."""

import flask

from sandbox import acs3, faults
from sandbox.acs3 import Refused
from sandbox.registry import people
from sandbox.registry.companies import Companies, Entry

bp = flask.Blueprint("enterprise", __name__, url_prefix="/aliyun-enterprise")

_FACTORS = {
    "ENT_2META": ("LicenseNo", "EntName"),
    "ENT_3META": ("LicenseNo", "EntName", "LegalPersonName"),
    "ENT_4META": ("LicenseNo", "EntName", "LegalPersonName", "LegalPersonCertNo"),
}
_ALWAYS = ("SceneCode", "MerchantBizId", "MerchantUserId", "UserAuthorization")
_RESULTS = {people.MATCH: "1", people.MISMATCH: "2", people.NO_RECORD: "3"}
_CODES = {
    people.INVALID: ("401", "参数非法"),
    people.LIMITED: ("403", "重复调用"),
    people.MAINTENANCE: ("402", "权威数据源异常"),
}


@bp.post("/")
def asked() -> flask.Response:
    try:
        acs3.check("2022-11-25", {"EntElementVerifyV2"})
        form = acs3.fields()
        needed = (*_ALWAYS, *_FACTORS.get(form.get("InfoVerifyType", ""), ("InfoVerifyType",)))
        if not all(form.get(name) for name in needed) or form["UserAuthorization"] != "1":
            raise Refused("400", "参数不能为空")
        return _answer(form)
    except Refused as refused:
        return acs3.refusal(refused)


def _answer(form: dict[str, str]) -> flask.Response:
    companies: Companies = flask.current_app.extensions["companies"]
    factors = ("EntName", "LegalPersonName", "LegalPersonCertNo")
    said = Entry(*(form.get(name, "") for name in factors))
    verdict = companies.verdict(form["LicenseNo"], said)
    if verdict == people.DOWN:
        return faults.hang_up()
    if verdict == people.SLOW:
        faults.take_long()
        verdict = people.MATCH
    if verdict in _CODES:
        raise Refused(*_CODES[verdict])
    result = {"BizCode": _RESULTS[verdict], "Status": "1"}
    if verdict == people.MISMATCH:
        result["ReasonDetail"] = "LegalPersonNameFlag"
    return acs3.answer({"Code": "Success", "Message": "success", "Result": result})
