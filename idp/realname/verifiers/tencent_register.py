"""Tencent Cloud faceid ``IdCardVerification`` (2018-03-01): name and ID number."""

from collections.abc import Mapping
from typing import ClassVar, Self

from idp.clouds.tencent import Tencent, error_code
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.realname.base import Answer, Outcome, Statement
from idp.realname.documents import RESIDENT
from idp.settings import Settings, SettingsError, TencentCloud

VERSION = "2018-03-01"

OUTCOMES: Mapping[str, Outcome] = {
    "0": Outcome.MATCH,
    "-1": Outcome.MISMATCH,
    "-2": Outcome.INVALID,
    "-3": Outcome.INVALID,
    "-4": Outcome.UNAVAILABLE,
    "-5": Outcome.NO_RECORD,
    "-6": Outcome.UNAVAILABLE,
    "-7": Outcome.RATE_LIMITED,
}
"""By ``Result``; one that is not listed is nobody's answer."""


class TencentRegister:
    name: ClassVar[str] = "tencent_register"
    method: ClassVar[str] = "register"
    documents: ClassVar[frozenset[str]] = frozenset({RESIDENT})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: TencentCloud, http: Operator):
        self._cloud = Tencent("faceid", VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        return cls(configured(settings), outbound.operator("tencent-faceid"))

    def check(self, statement: Statement) -> Answer:
        asked = {"IdCard": statement.document.number, "Name": statement.name}
        return answered(self._cloud, "IdCardVerification", asked, OUTCOMES)


def configured(settings: Settings) -> TencentCloud:
    if settings.realname.tencent is None:
        raise SettingsError("realname.tencent: realname.verifiers names it, so it must be set")
    return settings.realname.tencent


def answered(
    cloud: Tencent, action: str, asked: Mapping[str, str], outcomes: Mapping[str, Outcome]
) -> Answer:
    """Ask; ``outcomes`` reads what the service says in ``Result``."""
    try:
        response = cloud.call(action, asked)
    except OutboundFailed as failure:
        return Answer(Outcome.UNAVAILABLE, code=failure.reason)
    reference = str(response.get("RequestId", ""))
    if code := error_code(response):
        return Answer(of_error(code), reference, code)
    result = str(response.get("Result", ""))
    return Answer(outcomes.get(result, Outcome.UNAVAILABLE), reference, result)


def of_error(code: str) -> Outcome:
    """A request refused as a whole: what was sent, or we, or they."""
    if code.startswith("InvalidParameterValue"):
        return Outcome.INVALID
    if code.startswith(("RequestLimitExceeded", "LimitExceeded")):
        return Outcome.RATE_LIMITED
    return Outcome.UNAVAILABLE
