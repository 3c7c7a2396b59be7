"""Alipay ``alipay.user.certify.open.*``: the living face, looked at in Alipay."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import orjson

from idp.clouds.alipay import Alipay, code_of
from idp.outbound import Outbound, OutboundFailed
from idp.realname.base import Answer, Begun, Outcome, Statement
from idp.realname.documents import RESIDENT
from idp.realname.names import same
from idp.settings import Settings, SettingsError

FAMILY = "alipay.user.certify.open"
PASSED, FAILED = "T", "F"

REFUSALS: Mapping[str, Outcome] = {
    "INVALID_PARAMETER": Outcome.INVALID,
    "isv.app-call-limited": Outcome.RATE_LIMITED,
    "40005": Outcome.RATE_LIMITED,
}
"""By ``sub_code``, else ``code``; all others say that they or we are not ready."""


class AlipayFace:
    name: ClassVar[str] = "alipay_face"
    method: ClassVar[str] = "face"
    documents: ClassVar[frozenset[str]] = frozenset({RESIDENT})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, alipay: Alipay):
        self._alipay = alipay

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.realname.alipay is None:
            raise SettingsError("realname.alipay: realname.verifiers names it, so it must be set")
        return cls(Alipay.opened(settings.realname.alipay, outbound.operator("alipay")))

    def begin(self, statement: Statement, reference: str, return_url: str) -> Begun | Answer:
        person = {
            "identity_type": "CERT_INFO",
            "cert_type": "IDENTITY_CARD",
            "cert_name": statement.name,
            "cert_no": statement.document.number,
        }
        asked = {
            "outer_order_no": reference,
            "biz_code": "FACE",
            "identity_param": person,
            "merchant_config": {"return_url": return_url},
        }
        try:
            found = self._alipay.call(f"{FAMILY}.initialize", asked)
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)
        if code := code_of(found):
            return Answer(REFUSALS.get(code, Outcome.UNAVAILABLE), code=code)
        token = str(found.get("certify_id", ""))
        if not token:
            return Answer(Outcome.UNAVAILABLE, code="answer")
        return Begun(self._alipay.page(f"{FAMILY}.certify", {"certify_id": token}), token)

    def finish(self, token: str, statement: Statement, brought: Mapping[str, str]) -> Answer | None:
        try:
            found = self._alipay.call(f"{FAMILY}.query", {"certify_id": token})
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, token, failure.reason)
        if code := code_of(found):
            return Answer(Outcome.UNAVAILABLE, token, code)
        passed = found.get("passed")
        if passed == FAILED and not found.get("fail_reason"):
            return None  # F is also who has not looked yet
        if passed not in {PASSED, FAILED}:
            return Answer(Outcome.UNAVAILABLE, token, "answer")
        if passed == PASSED and _is_about_another(found, statement):
            return Answer(Outcome.MISMATCH, token, "another-person")
        outcome = Outcome.MATCH if passed == PASSED else Outcome.MISMATCH
        return Answer(outcome, token, str(passed))


def _is_about_another(found: Mapping[str, Any], statement: Statement) -> bool:
    """``identity_info`` is empty in most contracts; where it is not, it must be this person's."""
    info = found.get("identity_info")
    if not info:
        return False
    try:
        who = orjson.loads(info) if isinstance(info, str) else info
        name, number = str(who["cert_name"]), str(who["cert_no"]).upper()
    except (ValueError, TypeError, KeyError):
        return True
    return number != statement.document.number or not same(name, statement.name)
