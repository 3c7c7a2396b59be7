"""Tencent Cloud SMS SendSms (2021-01-11)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Self

from idp.clouds.tencent import Tencent as Cloud
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.settings import Settings, SettingsError
from idp.settings import Tencent as Config
from idp.sms.base import (
    CODE,
    NO_TEMPLATE,
    Accepted,
    Message,
    Receipt,
    Refusal,
    SmsRefused,
    SmsUnavailable,
    Verdict,
)
from idp.sms.errors import (
    CarrierLimit,
    NumberBlocked,
    NumberRefused,
    ReceiptMalformed,
)

VERSION = "2021-01-11"

_OURS = Refusal(Verdict.MISCONFIGURED)
_THEIRS = Refusal(Verdict.ELSEWHERE)
_WAIT = Refusal(Verdict.LIMITED, CarrierLimit)

REFUSALS: Mapping[str, Refusal] = {
    "InvalidParameterValue.IncorrectPhoneNumber": Refusal(Verdict.NUMBER, NumberRefused),
    "LimitExceeded.DeliveryFrequencyLimit": _WAIT,
    "LimitExceeded.PhoneNumberThirtySecondLimit": _WAIT,
    "LimitExceeded.PhoneNumberOneHourLimit": _WAIT,
    "LimitExceeded.PhoneNumberDailyLimit": _WAIT,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": _WAIT,
    # A list of the provider's own: another provider may still reach the person.
    "FailedOperation.PhoneNumberInBlacklist": Refusal(Verdict.ELSEWHERE, NumberBlocked),
    "LimitExceeded.PhoneNumberCountLimit": _OURS,
    "LimitExceeded.AppDailyLimit": _OURS,
    "FailedOperation.SignatureIncorrectOrUnapproved": _OURS,
    "FailedOperation.TemplateIncorrectOrUnapproved": _OURS,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": _OURS,
    "FailedOperation.ContainSensitiveWord": _OURS,
    "FailedOperation.InsufficientBalanceInSmsPackage": _OURS,
    "InvalidParameterValue.ContentLengthLimit": _OURS,
    "InvalidParameterValue.SdkAppIdNotExist": _OURS,
    "InvalidParameterValue": _OURS,
    "MissingParameter": _OURS,
    "UnsupportedOperation": _OURS,
    "UnauthorizedOperation": _OURS,
    "AuthFailure.SignatureFailure": _OURS,
    "AuthFailure.SignatureExpire": _OURS,
    "AuthFailure.SecretIdNotFound": _OURS,
    "RequestLimitExceeded": _THEIRS,
    "InternalError": _THEIRS,
}
"""What each answer means for us, by the code or by its part before the dot."""

_WINDOWS = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": timedelta(seconds=30),
    "LimitExceeded.DeliveryFrequencyLimit": timedelta(minutes=1),
    "LimitExceeded.PhoneNumberOneHourLimit": timedelta(hours=1),
    "LimitExceeded.PhoneNumberDailyLimit": timedelta(days=1),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": timedelta(days=1),
}


class Tencent:
    name: ClassVar[str] = "tencent"

    def __init__(self, config: Config, signature: str, http: Operator):
        self._config = config
        self._signature = signature
        self._cloud = Cloud("sms", VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.sms.tencent is None:
            raise SettingsError("sms.tencent: sms.providers names it, so it must be set")
        return cls(settings.sms.tencent, settings.sms.signature, outbound.operator(cls.name))

    def send(self, message: Message) -> Accepted:
        try:
            return _accepted(self._cloud.call("SendSms", self._body(message)))
        except OutboundFailed as failure:
            raise SmsUnavailable(failure.reason, maybe_sent=failure.maybe_sent) from None

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        if not isinstance(payload, list):
            raise ReceiptMalformed
        try:
            return [
                Receipt(str(item["sid"]), item["report_status"] == "SUCCESS", str(item["errmsg"]))
                for item in payload
            ]
        except (TypeError, KeyError):
            raise ReceiptMalformed from None

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {"result": 0, "errmsg": "OK"}

    def _body(self, message: Message) -> dict[str, Any]:
        """Templates have no variable names here: values go in the order the message has them."""
        notices = {CODE: self._config.template, **self._config.notices}
        if message.kind not in notices:
            raise SmsRefused(NO_TEMPLATE, _OURS)
        return {
            "PhoneNumberSet": [message.number],
            "SmsSdkAppId": self._config.app_id,
            "SignName": self._signature,
            "TemplateId": notices[message.kind],
            "TemplateParamSet": list(message.params.values()),
            "SessionContext": message.reference,
        }


def _accepted(response: dict[str, Any]) -> Accepted:
    """A request that failed says Error, a number that failed says so in its own status."""
    try:
        status = response.get("Error") or response["SendStatusSet"][0]
        code = str(status["Code"])
    except (TypeError, KeyError, IndexError, AttributeError):
        raise SmsUnavailable("answer", maybe_sent=True) from None
    if code == "Ok":
        return Accepted(Tencent.name, str(status.get("SerialNo", "")))
    refusal = REFUSALS.get(code) or REFUSALS.get(code.partition(".")[0], _OURS)
    raise SmsRefused(code, refusal, _WINDOWS.get(code))
