"""Aliyun cloudauth ``EntElementVerifyV2`` (2022-11-25): the four factors of an organisation."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Self

from idp.clouds.aliyun import Aliyun
from idp.organisations.base import Answer, Statement
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.outcomes import Outcome
from idp.settings import AliyunCloud, Settings, SettingsError

VERSION = "2022-11-25"
FOUR_FACTORS = "ENT_4META"
SUCCESS = "Success"

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


class AliyunEnterprise:
    name: ClassVar[str] = "aliyun_enterprise"
    method: ClassVar[str] = "register"

    def __init__(self, config: AliyunCloud, scene: str, http: Operator):
        self._cloud = Aliyun(VERSION, config, http)
        self._scene = scene

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        table = settings.organisations
        if table.aliyun is None:
            raise SettingsError("organisations.aliyun: organisations.verifiers needs it set")
        return cls(table.aliyun, table.aliyun_scene, outbound.operator("aliyun-enterprise"))

    def check(self, statement: Statement, reference: str) -> Answer:
        asked = {
            "SceneCode": self._scene,
            "MerchantBizId": reference,
            "MerchantUserId": reference,
            "UserAuthorization": "1",
            "InfoVerifyType": FOUR_FACTORS,
            "LicenseNo": statement.code.code,
            "EntName": statement.name,
            "LegalPersonName": statement.legal_person,
            "LegalPersonCertNo": statement.legal_person_number,
        }
        try:
            status, found = self._cloud.call("EntElementVerifyV2", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)
        number, code = str(found.get("RequestId", "")), str(found["Code"])
        result = found.get("Result")
        if status != HTTPStatus.OK or code != SUCCESS or not isinstance(result, dict):
            return Answer(_REFUSALS.get(code, Outcome.UNAVAILABLE), number, code)
        said = str(result.get("BizCode", ""))
        return Answer(OUTCOMES.get(said, Outcome.UNAVAILABLE), number, said)
