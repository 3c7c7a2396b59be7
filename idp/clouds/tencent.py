"""Tencent Cloud's API 3.0: a signed POST of JSON, the action in a header."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp.clouds.tc3 import Signable, authorization
from idp.outbound import Operator, OutboundFailed
from idp.outbound.addresses import parse
from idp.settings import TencentCloud

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Tencent:
    """One product, such as ``sms`` or ``faceid``, of one account."""

    service: str
    version: str
    config: TencentCloud
    http: Operator

    def call(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What stands under ``Response``: an ``Error``, or the result. Raises OutboundFailed."""
        sent = orjson.dumps(body)
        headers = self._headers(action, sent)
        answer = self.http.post(self.config.endpoint, content=sent, headers=headers)
        if not answer.ok:
            raise OutboundFailed(f"status-{answer.status}", maybe_sent=True)
        found = answer.json()
        response = found.get("Response") if isinstance(found, dict) else None
        if not isinstance(response, dict):
            raise OutboundFailed("answer", maybe_sent=True)
        return response

    def _headers(self, action: str, body: bytes) -> dict[str, str]:
        now = int(time.time())
        signed = authorization(
            self.config.secret_id,
            self.config.secret_key.get_secret_value(),
            Signable(self.service, parse(self.config.endpoint).host_header, JSON, now, body),
        )
        return {
            "Content-Type": JSON,
            "X-TC-Action": action,
            "X-TC-Version": self.version,
            "X-TC-Region": self.config.region,
            "X-TC-Timestamp": str(now),
            "Authorization": signed,
        }


def error_code(response: Mapping[str, Any]) -> str:
    """The code of a request that failed as a whole; "" when it did not."""
    error = response.get("Error")
    return str(error.get("Code", "")) or "Error" if isinstance(error, dict) else ""
