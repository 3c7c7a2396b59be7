"""Aliyun cloudauth ``InitFaceVerify`` and ``DescribeFaceVerify`` (2019-03-07): the living face.

The pictures stay with the service. Its answer names nobody: that it is about the person who was
sent there rests on the token, which is theirs alone.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Self

from idp.clouds.aliyun import Aliyun
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.realname.base import Answer, Begun, Outcome, Statement
from idp.realname.documents import RESIDENT
from idp.realname.verifiers.aliyun_register import VERSION, configured
from idp.settings import AliyunCloud, Settings, SettingsError

META = '{"deviceType":"h5"}'
"""Of the browser. The vendor's own script would say more, and our pages load nobody's scripts:
to be tried with the real service before it is offered to people.
"""
PASSED, FAILED = "T", "F"

REFUSALS: Mapping[str, Outcome] = {
    "401": Outcome.INVALID,
    "417": Outcome.NO_RECORD,
    "418": Outcome.RATE_LIMITED,
    "Throttling.User": Outcome.RATE_LIMITED,
}
"""By ``Code``, of a journey that cannot begin; all others say that they or we are not ready."""
UNDER_WAY = frozenset({"403", "424"})
"""By ``Code``: the person has not looked yet."""
OUTCOMES: Mapping[str, Outcome] = {
    "202": Outcome.NO_RECORD,
    "203": Outcome.NO_RECORD,
    "209": Outcome.UNAVAILABLE,
}
"""By ``SubCode``, of who did not pass; all others are not that person's face, or not alive."""


class AliyunFace:
    name: ClassVar[str] = "aliyun_face"
    method: ClassVar[str] = "face"
    documents: ClassVar[frozenset[str]] = frozenset({RESIDENT})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: AliyunCloud, scene: str, http: Operator):
        self._cloud = Aliyun(VERSION, config, http)
        self._scene = scene

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if not settings.realname.aliyun_scene:
            raise SettingsError("realname.aliyun_scene: realname.verifiers has aliyun_face")
        http = outbound.operator("aliyun-cloudauth")
        return cls(configured(settings), settings.realname.aliyun_scene, http)

    def begin(self, statement: Statement, reference: str, return_url: str) -> Begun | Answer:
        asked = {
            "SceneId": self._scene,
            "OuterOrderNo": reference,
            "ProductCode": "ID_PRO",
            "CertType": "IDENTITY_CARD",
            "CertName": statement.name,
            "CertNo": statement.document.number,
            "MetaInfo": META,
            "ReturnUrl": return_url,
        }
        try:
            status, found = self._cloud.call("InitFaceVerify", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)
        number, code = str(found.get("RequestId", "")), str(found["Code"])
        result = found.get("ResultObject")
        if status != HTTPStatus.OK or code != "200" or not isinstance(result, dict):
            return Answer(REFUSALS.get(code, Outcome.UNAVAILABLE), number, code)
        url, token = result.get("CertifyUrl"), result.get("CertifyId")
        if not url or not token:
            return Answer(Outcome.UNAVAILABLE, number, "answer")
        return Begun(str(url), str(token))

    def finish(self, token: str, statement: Statement, brought: Mapping[str, str]) -> Answer | None:
        asked = {"SceneId": self._scene, "CertifyId": token}
        try:
            status, found = self._cloud.call("DescribeFaceVerify", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, token, failure.reason)
        code, result = str(found["Code"]), found.get("ResultObject")
        if code in UNDER_WAY:
            return None
        if status != HTTPStatus.OK or code != "200" or not isinstance(result, dict):
            return Answer(Outcome.UNAVAILABLE, token, code)
        return _judged(token, str(result.get("Passed", "")), str(result.get("SubCode", "")))


def _judged(token: str, passed: str, said: str) -> Answer:
    if passed == PASSED:
        return Answer(Outcome.MATCH, token, said)
    if passed == FAILED:
        return Answer(OUTCOMES.get(said, Outcome.MISMATCH), token, said)
    return Answer(Outcome.UNAVAILABLE, token, "answer")
