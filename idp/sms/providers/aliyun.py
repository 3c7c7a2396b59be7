"""Aliyun Dysmsapi SendSms (2017-05-25)."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Self

import orjson

from idp.clouds.aliyun import Aliyun as Cloud
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.settings import Aliyun as Config
from idp.settings import Settings, SettingsError
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
from idp.sms.numbers import national

VERSION = "2017-05-25"

_OURS = Refusal(Verdict.MISCONFIGURED)
_THEIRS = Refusal(Verdict.ELSEWHERE)

REFUSALS: Mapping[str, Refusal] = {
    "isv.MOBILE_NUMBER_ILLEGAL": Refusal(Verdict.NUMBER, NumberRefused),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": Refusal(Verdict.NUMBER, NumberRefused),
    "isv.BUSINESS_LIMIT_CONTROL": Refusal(Verdict.LIMITED, CarrierLimit),
    # A list of the provider's own: another provider may still reach the person.
    "isv.BLACK_KEY_CONTROL_LIMIT": _OURS,
    "isv.MOBILE_IN_BLACK": Refusal(Verdict.ELSEWHERE, NumberBlocked),
    "isv.MOBILE_COUNT_OVER_LIMIT": _OURS,
    "isv.SMS_TEMPLATE_ILLEGAL": _OURS,
    "isv.SMS_SIGNATURE_ILLEGAL": _OURS,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _OURS,
    "isv.SIGN_STATE_ILLEGAL": _OURS,
    "isv.SMS_SIGN_ILLEGAL": _OURS,
    "isv.TEMPLATE_MISSING_PARAMETERS": _OURS,
    "isv.TEMPLATE_PARAMS_ILLEGAL": _OURS,
    "isv.INVALID_JSON_PARAM": _OURS,
    "isv.INVALID_PARAMETERS": _OURS,
    "isv.PARAM_LENGTH_LIMIT": _OURS,
    "isv.PARAM_NOT_SUPPORT_URL": _OURS,
    "isv.SMS_CONTENT_ILLEGAL": _OURS,
    "isv.DAY_LIMIT_CONTROL": _OURS,
    "isv.MONTH_LIMIT_CONTROL": _OURS,
    "isv.AMOUNT_NOT_ENOUGH": _OURS,
    "isv.OUT_OF_SERVICE": _OURS,
    "isv.ACCOUNT_NOT_EXISTS": _OURS,
    "isv.ACCOUNT_ABNORMAL": _OURS,
    "isv.PRODUCT_UN_SUBSCRIPT": _OURS,
    "isv.PRODUCT_UNSUBSCRIBE": _OURS,
    "isv.EXTEND_CODE_ERROR": _OURS,
    "isv.DENY_IP_RANGE": _OURS,
    "isp.RAM_PERMISSION_DENY": _OURS,
    "isp.SYSTEM_ERROR": _THEIRS,
    "SignatureDoesNotMatch": _OURS,
    "SignatureNonceUsed": _THEIRS,
    "IncompleteSignature": _OURS,
    "InvalidAccessKeyId.NotFound": _OURS,
    "InvalidAccessKeyId.Inactive": _OURS,
    "InvalidTimeStamp.Expired": _OURS,
    "InvalidVersion": _OURS,
    "InvalidAction.NotFound": _OURS,
    "Throttling.User": _THEIRS,
    "Throttling": _THEIRS,
    "ServiceUnavailable": _THEIRS,
    "InternalError": _THEIRS,
}
"""What each answer means for us; a code not listed is an alarm until somebody lists it."""

_WINDOWS = {
    "分钟级": timedelta(minutes=1),
    "小时级": timedelta(hours=1),
    "天级": timedelta(days=1),
}


class Aliyun:
    name: ClassVar[str] = "aliyun"

    def __init__(self, config: Config, signature: str, http: Operator):
        self._config = config
        self._signature = signature
        self._cloud = Cloud(VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.sms.aliyun is None:
            raise SettingsError("sms.aliyun: sms.providers names it, so it must be set")
        return cls(settings.sms.aliyun, settings.sms.signature, outbound.operator(cls.name))

    def send(self, message: Message) -> Accepted:
        try:
            return _accepted(*self._cloud.call("SendSms", self._form(message)))
        except OutboundFailed as failure:
            raise SmsUnavailable(failure.reason, maybe_sent=failure.maybe_sent) from None

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        """SmsReport, pushed in batches."""
        if not isinstance(payload, list):
            raise ReceiptMalformed
        try:
            return [
                Receipt(str(item["biz_id"]), item["success"] is True, str(item["err_code"]))
                for item in payload
            ]
        except (TypeError, KeyError):
            raise ReceiptMalformed from None

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {"code": 0, "msg": "接收成功"}

    def _form(self, message: Message) -> dict[str, str]:
        notices = {CODE: self._config.template, **self._config.notices}
        if message.kind not in notices:
            raise SmsRefused(NO_TEMPLATE, _OURS)
        form = {
            "PhoneNumbers": national(message.number),
            "SignName": self._signature,
            "TemplateCode": notices[message.kind],
            "OutId": message.reference,
        }
        if message.params:
            form["TemplateParam"] = orjson.dumps(dict(message.params)).decode()
        return form


def _accepted(status: int, found: Mapping[str, Any]) -> Accepted:
    code = str(found["Code"])
    if code == "OK" and status == HTTPStatus.OK:
        return Accepted(Aliyun.name, str(found.get("BizId", "")))
    unlisted = _THEIRS if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _OURS
    refusal = REFUSALS.get(code, unlisted)
    raise SmsRefused(code, refusal, _retry_after(code, found.get("Message")))


def _retry_after(code: str, message: Any) -> timedelta | None:
    if code != "isv.BUSINESS_LIMIT_CONTROL":
        return None
    return next((wait for word, wait in _WINDOWS.items() if word in str(message)), None)
