"""Tencent Cloud VMS SendCodeVoice (2020-09-02): a code read out by their own announcement."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from idp.clouds.tencent import Tencent as Cloud
from idp.clouds.tencent import error_code
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.settings import Settings, SettingsError
from idp.settings import TencentVoice as Config
from idp.sms.base import (
    PLAYS,
    Accepted,
    Message,
    Receipt,
    Refusal,
    SmsRefused,
    SmsUnavailable,
    Verdict,
)
from idp.sms.errors import CarrierLimit, NumberRefused, ReceiptMalformed

VERSION = "2020-09-02"
ANSWERED = "0"

_OURS = Refusal(Verdict.MISCONFIGURED)
_THEIRS = Refusal(Verdict.ELSEWHERE)

REFUSALS: Mapping[str, Refusal] = {
    "InvalidParameterValue.CalledNumberVerifyFail": Refusal(Verdict.NUMBER, NumberRefused),
    "LimitExceeded.DeliveryFrequencyLimit": Refusal(Verdict.LIMITED, CarrierLimit),
    "FailedOperation.AccessUpstreamTimeout": _THEIRS,
    "FailedOperation.ContainSensitiveWord": _OURS,
    "FailedOperation.FailResolvePacket": _OURS,
    "FailedOperation.InsufficientBalanceInVoicePackage": _OURS,
    "FailedOperation.InvalidJsonParameters": _OURS,
    "FailedOperation.InvalidParameters": _OURS,
    "FailedOperation.JsonParseFail": _OURS,
    "FailedOperation.ParametersOtherError": _OURS,
    "FailedOperation.PhonenumberUnappliedOrExpired": _OURS,
    "FailedOperation.TemplateIncorrectOrUnapproved": _OURS,
    "InvalidParameterValue": _OURS,
    "MissingParameter": _OURS,
    "UnsupportedOperation": _OURS,
    "UnauthorizedOperation": _OURS,
    "AuthFailure": _OURS,
    "RequestLimitExceeded": _THEIRS,
    "InternalError.RequestTimeException": _OURS,
    "InternalError.SigVerificationFail": _OURS,
    "InternalError": _THEIRS,
}
"""What each answer means for us, by the code or by its part before the dot."""


class TencentVoice:
    name: ClassVar[str] = "tencent_voice"

    def __init__(self, config: Config, http: Operator):
        self._config = config
        self._cloud = Cloud("vms", VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.sms.tencent_voice is None:
            raise SettingsError("sms.tencent_voice: sms.callers names it, so it must be set")
        return cls(settings.sms.tencent_voice, outbound.operator(cls.name))

    def send(self, message: Message) -> Accepted:
        body = {
            "CodeMessage": message.params["code"],
            "CalledNumber": message.number,
            "VoiceSdkAppid": self._config.app_id,
            "PlayTimes": PLAYS,
            "SessionContext": message.reference,
        }
        try:
            return _accepted(self._cloud.call("SendCodeVoice", body))
        except OutboundFailed as failure:
            raise SmsUnavailable(failure.reason, maybe_sent=failure.maybe_sent) from None

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        """One call at a time: how it went, or why it failed."""
        try:
            if failed := payload.get("voice_failure_callback"):
                return [Receipt(str(failed["callid"]), False, str(failed["failure_code"]))]
            ended = payload["voicecode_callback"]
            return [Receipt(str(ended["callid"]), ended["result"] == ANSWERED, ended["result"])]
        except (TypeError, KeyError, AttributeError):
            raise ReceiptMalformed from None

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {"result": 0, "errmsg": "OK"}


def _accepted(response: Mapping[str, Any]) -> Accepted:
    if code := error_code(response):
        raise SmsRefused(code, REFUSALS.get(code) or REFUSALS.get(code.partition(".")[0], _OURS))
    try:
        return Accepted(TencentVoice.name, str(response["SendStatus"]["CallId"]))
    except (TypeError, KeyError):
        raise SmsUnavailable("answer", maybe_sent=True) from None
