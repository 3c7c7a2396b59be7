"""Tencent Cloud faceid ``DetectAuth`` and ``GetDetectInfoEnhanced``: the living face.

The pictures stay with the service: only the texts are asked for, and only the verdict is kept.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from idp.clouds.tencent import Tencent, error_code
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.realname.base import Answer, Begun, Outcome, Statement
from idp.realname.documents import RESIDENT
from idp.realname.names import same
from idp.realname.verifiers.tencent_register import VERSION, configured, of_error
from idp.settings import Settings, SettingsError, TencentCloud

TEXTS_ONLY = "1"
PASSED = "0"

OUTCOMES: Mapping[str, Outcome] = {
    PASSED: Outcome.MATCH,
    "-1101": Outcome.RATE_LIMITED,
    "-5013": Outcome.INVALID,
    "-5005": Outcome.NO_RECORD,
    "-5008": Outcome.NO_RECORD,
}
"""By ``ErrCode``; all others are a face that was not that person's, or not alive."""


class TencentFace:
    name: ClassVar[str] = "tencent_face"
    method: ClassVar[str] = "face"
    documents: ClassVar[frozenset[str]] = frozenset({RESIDENT})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: TencentCloud, rule: str, http: Operator):
        self._cloud = Tencent("faceid", VERSION, config, http)
        self._rule = rule

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if not settings.realname.tencent_rule:
            raise SettingsError("realname.tencent_rule: realname.verifiers has tencent_face")
        http = outbound.operator("tencent-faceid")
        return cls(configured(settings), settings.realname.tencent_rule, http)

    def begin(self, statement: Statement, reference: str, return_url: str) -> Begun | Answer:
        asked = {
            "RuleId": self._rule,
            "IdCard": statement.document.number,
            "Name": statement.name,
            "RedirectUrl": return_url,
            "Extra": reference,
        }
        try:
            response = self._cloud.call("DetectAuth", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)
        if code := error_code(response):
            return Answer(of_error(code), str(response.get("RequestId", "")), code)
        url, token = response.get("Url"), response.get("BizToken")
        if not url or not token:
            return Answer(Outcome.UNAVAILABLE, str(response.get("RequestId", "")), "answer")
        return Begun(str(url), str(token))

    def finish(self, token: str, statement: Statement, brought: Mapping[str, str]) -> Answer | None:
        asked = {"BizToken": token, "RuleId": self._rule, "InfoType": TEXTS_ONLY}
        try:
            response = self._cloud.call("GetDetectInfoEnhanced", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, token, failure.reason)
        if code := error_code(response):
            return Answer(of_error(code), token, code)
        text = response.get("Text")
        if not isinstance(text, dict) or text.get("ErrCode") is None:
            return None
        code = str(text["ErrCode"])
        outcome = OUTCOMES.get(code, Outcome.MISMATCH)
        if outcome is Outcome.MATCH and not _is_about(text, statement):
            return Answer(Outcome.MISMATCH, token, "another-person")
        return Answer(outcome, token, code)


def _is_about(text: Mapping[str, object], statement: Statement) -> bool:
    """A token names the person it was made for: one from another journey proves nothing here."""
    number = str(text.get("IdCard", "")).upper()
    return number == statement.document.number and same(str(text.get("Name", "")), statement.name)
