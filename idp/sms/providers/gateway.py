"""A plain provincial text message gateway: one JSON POST with a bearer token.

Request ``{"phone", "content", "reference"}``; answer ``{"code": "0", "message_id": …}`` or a
code other than 0 with ``{"message"}``; receipts ``{"receipts": [{"message_id", "delivered",
"reason"}]}``, answered by ``{"code": "0"}``.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

import orjson

from idp.outbound import Answer, Operator, Outbound, OutboundFailed
from idp.settings import Gateway as Config
from idp.settings import Settings, SettingsError
from idp.sms.base import Accepted, Message, Receipt, Refusal, SmsRefused, SmsUnavailable, Verdict
from idp.sms.errors import CarrierLimit, NumberBlocked, NumberRefused, ReceiptMalformed
from idp.sms.numbers import national
from idp.sms.texts import render

_OURS = Refusal(Verdict.MISCONFIGURED)

REFUSALS: Mapping[str, Refusal] = {
    "NUMBER_INVALID": Refusal(Verdict.NUMBER, NumberRefused),
    "NUMBER_BLOCKED": Refusal(Verdict.ELSEWHERE, NumberBlocked),
    "TOO_FREQUENT": Refusal(Verdict.LIMITED, CarrierLimit),
    "BUSY": Refusal(Verdict.ELSEWHERE),
    "UNAUTHORIZED": _OURS,
    "SIGNATURE_NOT_FILED": _OURS,
    "CONTENT_REJECTED": _OURS,
    "QUOTA_SPENT": _OURS,
    "BAD_REQUEST": _OURS,
}


class Gateway:
    name: ClassVar[str] = "gateway"

    def __init__(self, config: Config, signature: str, minutes: int, site: str, http: Operator):
        self._config = config
        self._signature = signature
        self._minutes = str(minutes)
        self._site = site
        self._http = http

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.sms.gateway is None:
            raise SettingsError("sms.gateway: sms.providers names it, so it must be set")
        minutes = int(settings.login.code_lifetime.total_seconds()) // 60
        sms = settings.sms
        http = outbound.operator(cls.name)
        return cls(settings.sms.gateway, sms.signature, minutes, settings.issuer, http)

    def send(self, message: Message) -> Accepted:
        params = {"minutes": self._minutes, "site": self._site, **message.params}
        body = orjson.dumps(
            {
                "phone": national(message.number),
                "content": render(self._signature, message.kind, params),
                "reference": message.reference,
            }
        )
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._config.token.get_secret_value()}",
        }
        try:
            return _accepted(self._http.post(self._config.endpoint, content=body, headers=headers))
        except OutboundFailed as failure:
            raise SmsUnavailable(failure.reason, maybe_sent=failure.maybe_sent) from None

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        try:
            return [
                Receipt(str(item["message_id"]), item["delivered"] is True, str(item["reason"]))
                for item in payload["receipts"]
            ]
        except (TypeError, KeyError):
            raise ReceiptMalformed from None

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {"code": "0"}


def _accepted(answer: Answer) -> Accepted:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise SmsUnavailable(f"status-{answer.status}", maybe_sent=True)
    found = answer.json()
    if not isinstance(found, dict) or "code" not in found:
        raise SmsUnavailable("answer", maybe_sent=True)
    code = str(found["code"])
    if code == "0" and answer.ok:
        return Accepted(Gateway.name, str(found.get("message_id", "")))
    raise SmsRefused(code, REFUSALS.get(code, _OURS))
