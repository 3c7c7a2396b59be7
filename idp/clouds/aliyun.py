"""Aliyun's RPC style: a signed POST of a form, the action in a header.

What is asked travels in the body: a query ends in the logs of every proxy.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from idp.clouds.acs3 import Signable, authorization
from idp.outbound import Operator, OutboundFailed
from idp.outbound.addresses import parse
from idp.settings import AliyunCloud

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Aliyun:
    """One product of one account."""

    version: str
    config: AliyunCloud
    http: Operator

    def call(self, action: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The status and the answer: the gateway's errors are 4xx and 5xx, the product's 200.

        Raises OutboundFailed where there is no ``Code`` to read.
        """
        sent = urlencode(form).encode()
        headers = self._headers(action, sent)
        answer = self.http.post(self.config.endpoint, content=sent, headers=headers)
        found = answer.json()
        if not isinstance(found, dict) or "Code" not in found:
            raise OutboundFailed("answer", maybe_sent=True)
        return answer.status, found

    def _headers(self, action: str, body: bytes) -> dict[str, str]:
        headers = {
            "host": parse(self.config.endpoint).host_header,
            "content-type": FORM,
            "x-acs-action": action,
            "x-acs-version": self.version,
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": sha256(body).hexdigest(),
        }
        signed = authorization(
            self.config.access_key_id,
            self.config.access_key_secret.get_secret_value(),
            Signable("POST", headers, {}, body),
        )
        sent = {name: value for name, value in headers.items() if name != "host"}
        return {**sent, "accept": "application/json", "authorization": signed}
