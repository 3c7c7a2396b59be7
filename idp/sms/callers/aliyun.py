"""Aliyun Dyvmsapi SingleCallByTts (2017-05-25): a code read out by a filed template."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

import orjson

from idp.clouds.aliyun import Aliyun as Cloud
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.settings import AliyunVoice as Config
from idp.settings import Settings, SettingsError
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
from idp.sms.numbers import national

VERSION = "2017-05-25"
ANSWERED = "200000"

_OURS = Refusal(Verdict.MISCONFIGURED)
_THEIRS = Refusal(Verdict.ELSEWHERE)

REFUSALS: Mapping[str, Refusal] = {
    "isv.MOBILE_NUMBER_ILLEGAL": Refusal(Verdict.NUMBER, NumberRefused),
    # Once a minute, five times an hour, twenty times in 24 hours, whether answered or not.
    "isv.BUSINESS_LIMIT_CONTROL": Refusal(Verdict.LIMITED, CarrierLimit),
    "isv.TTS_TEMPLATE_ILLEGAL": _OURS,
    "isv.DISPLAY_NUMBER_ILLEGAL": _OURS,
    "isv.TEMPLATE_MISSING_PARAMETERS": _OURS,
    "isv.BLACK_KEY_CONTROL_LIMIT": _OURS,
    "isv.INVALID_JSON_PARAM": _OURS,
    "isv.INVALID_PARAMETERS": _OURS,
    "isv.PARAM_NOT_SUPPORT_URL": _OURS,
    "isv.PARAM_LENGTH_LIMIT": _OURS,
    "isv.AMOUNT_NOT_ENOUGH": _OURS,
    "isv.OUT_OF_SERVICE": _OURS,
    "isv.ACCOUNT_NOT_EXISTS": _OURS,
    "isv.ACCOUNT_ABNORMAL": _OURS,
    "isv.PRODUCT_UNSUBSCRIBE": _OURS,
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


class AliyunVoice:
    name: ClassVar[str] = "aliyun_voice"

    def __init__(self, config: Config, http: Operator):
        self._config = config
        self._cloud = Cloud(VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.sms.aliyun_voice is None:
            raise SettingsError("sms.aliyun_voice: sms.callers names it, so it must be set")
        return cls(settings.sms.aliyun_voice, outbound.operator(cls.name))

    def send(self, message: Message) -> Accepted:
        try:
            return _accepted(*self._cloud.call("SingleCallByTts", self._form(message)))
        except OutboundFailed as failure:
            raise SmsUnavailable(failure.reason, maybe_sent=failure.maybe_sent) from None

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        """VoiceReport, pushed in batches when calls have ended."""
        if not isinstance(payload, list):
            raise ReceiptMalformed
        try:
            return [
                Receipt(
                    str(item["call_id"]),
                    item["status_code"] == ANSWERED,
                    str(item["status_code"]),
                )
                for item in payload
            ]
        except (TypeError, KeyError):
            raise ReceiptMalformed from None

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {"code": 0, "msg": "接收成功"}

    def _form(self, message: Message) -> dict[str, str]:
        """Without ``OutId``: it holds 15 bytes, our reference is longer, and the call has an id."""
        form = {
            "CalledNumber": national(message.number),
            "TtsCode": self._config.template,
            "TtsParam": orjson.dumps(dict(message.params)).decode(),
            "PlayTimes": str(PLAYS),
        }
        if self._config.shown_number:
            form["CalledShowNumber"] = self._config.shown_number
        return form


def _accepted(status: int, found: Mapping[str, Any]) -> Accepted:
    code = str(found["Code"])
    if code == "OK" and status == HTTPStatus.OK:
        return Accepted(AliyunVoice.name, str(found.get("CallId", "")))
    unlisted = _THEIRS if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _OURS
    raise SmsRefused(code, REFUSALS.get(code, unlisted))
