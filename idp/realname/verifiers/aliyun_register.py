"""Aliyun cloudauth ``Id2MetaVerify`` (2019-03-07): name and ID number."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Self

from idp.clouds.aliyun import Aliyun
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.realname.base import Answer, Outcome, Statement
from idp.realname.documents import RESIDENT
from idp.settings import AliyunCloud, Settings, SettingsError

VERSION = "2019-03-07"

OUTCOMES: Mapping[str, Outcome] = {
    "1": Outcome.MATCH,
    "2": Outcome.MISMATCH,
    "3": Outcome.NO_RECORD,
}
"""By ``BizCode``."""
_REFUSALS: Mapping[str, Outcome] = {
    "401": Outcome.INVALID,
    "403": Outcome.RATE_LIMITED,
    "Throttling.User": Outcome.RATE_LIMITED,
}
"""By ``Code``; all others say that they or we are not ready."""


class AliyunRegister:
    name: ClassVar[str] = "aliyun_register"
    method: ClassVar[str] = "register"
    documents: ClassVar[frozenset[str]] = frozenset({RESIDENT})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: AliyunCloud, http: Operator):
        self._cloud = Aliyun(VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        return cls(configured(settings), outbound.operator("aliyun-cloudauth"))

    def check(self, statement: Statement) -> Answer:
        asked = {
            "ParamType": "normal",
            "IdentifyNum": statement.document.number,
            "UserName": statement.name,
        }
        return answered(self._cloud, "Id2MetaVerify", asked)


def configured(settings: Settings) -> AliyunCloud:
    if settings.realname.aliyun is None:
        raise SettingsError("realname.aliyun: realname.verifiers names it, so it must be set")
    return settings.realname.aliyun


def answered(cloud: Aliyun, action: str, asked: Mapping[str, str]) -> Answer:
    try:
        status, found = cloud.call(action, asked)
    except OutboundFailed as failure:
        return Answer(Outcome.UNAVAILABLE, code=failure.reason)
    reference, code = str(found.get("RequestId", "")), str(found["Code"])
    result = found.get("ResultObject")
    if status != HTTPStatus.OK or code != "200" or not isinstance(result, dict):
        return Answer(_REFUSALS.get(code, Outcome.UNAVAILABLE), reference, code)
    said = str(result.get("BizCode", ""))
    return Answer(OUTCOMES.get(said, Outcome.UNAVAILABLE), reference, said)
