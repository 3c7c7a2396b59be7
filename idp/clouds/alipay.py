"""Alipay's open platform: a form signed with our key, an answer signed with theirs (RSA2).

What is signed of an answer is the raw text of one of its members, so that text is found and
checked first, and nothing else of the answer is ever read.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlencode

import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from idp.outbound import Operator, OutboundFailed
from idp.settings import AlipayApp, SettingsError

FORM = "application/x-www-form-urlencoded;charset=utf-8"
SUCCESS = "10000"
_BEIJING = timezone(timedelta(hours=8))
_NOTHING: Mapping[str, str] = MappingProxyType({})
_SPACE = re.compile(r"[ \t\n\r]*")
_log = structlog.get_logger("idp.clouds")


@dataclass(frozen=True)
class Alipay:
    """One app; its keys are read once, for reading checks them at length."""

    config: AlipayApp
    ours: RSAPrivateKey
    theirs: RSAPublicKey
    http: Operator

    @classmethod
    def opened(cls, config: AlipayApp, http: Operator) -> Self:
        """Raises SettingsError for a key that is none."""
        try:
            ours = load_pem_private_key(config.private_key.get_secret_value().encode(), None)
            theirs = load_pem_public_key(config.alipay_public_key.encode())
        except (ValueError, TypeError):
            raise SettingsError("alipay: private_key and alipay_public_key are PEM") from None
        if not isinstance(ours, RSAPrivateKey) or not isinstance(theirs, RSAPublicKey):
            raise SettingsError("alipay: private_key and alipay_public_key are RSA keys")
        return cls(config, ours, theirs, http)

    def call(
        self,
        method: str,
        content: Mapping[str, Any] | None = None,
        fields: Mapping[str, str] = _NOTHING,
    ) -> dict[str, Any]:
        """What Alipay signed: a result, or why there is none. Raises OutboundFailed.

        What is asked stands in ``content``; old methods want it in ``fields`` of the form's own.
        """
        sent = urlencode(self._signed(method, content, fields)).encode()
        answer = self.http.post(self.config.endpoint, content=sent, headers={"Content-Type": FORM})
        if not answer.ok:
            raise OutboundFailed(f"status-{answer.status}", maybe_sent=True)
        try:
            found = members(answer.body.decode())
            said = found.get(f"{method.replace('.', '_')}_response") or found["error_response"]
        except (ValueError, KeyError, RecursionError):
            raise OutboundFailed("answer", maybe_sent=True) from None
        if not self._is_genuine(said, found.get("sign", "")):
            _log.error("answer_not_genuine", service="alipay", method=method)
            raise OutboundFailed("signature", maybe_sent=True)
        result = json.loads(said)
        if not isinstance(result, dict):
            raise OutboundFailed("answer", maybe_sent=True)
        return result

    def page(self, method: str, content: Mapping[str, Any]) -> str:
        """The address of a page of Alipay's, signed, for a browser."""
        return f"{self.config.endpoint}?{urlencode(self._signed(method, content))}"

    def _signed(
        self,
        method: str,
        content: Mapping[str, Any] | None,
        fields: Mapping[str, str] = _NOTHING,
    ) -> dict[str, str]:
        sent = {
            "app_id": self.config.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": datetime.now(UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            **fields,
        }
        if content is not None:
            sent["biz_content"] = orjson.dumps(content).decode()
        text = signable(sent).encode()
        return {**sent, "sign": b64encode(self.ours.sign(text, PKCS1v15(), SHA256())).decode()}

    def _is_genuine(self, said: str, sign: str) -> bool:
        """``sign`` as it stands in the answer, quoted; "" where there was none."""
        try:
            signature = b64decode(json.loads(sign), validate=True)
            self.theirs.verify(signature, said.encode(), PKCS1v15(), SHA256())
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def signable(fields: Mapping[str, str]) -> str:
    """What a request's signature covers."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value)


def code_of(result: Mapping[str, Any]) -> str:
    """Why there is no result; "" where there is one."""
    code = str(result.get("code", ""))
    return "" if code == SUCCESS else str(result.get("sub_code") or code or "code")


def members(text: str) -> dict[str, str]:
    """The raw text of each member of a JSON object. Raises ValueError; no name may stand twice,
    for then two readers could mean two different members by it.
    """
    found: dict[str, str] = {}
    at = _past("{", text, 0)
    while True:
        start = _past('"', text, at) - 1
        name, at = _value(text, start)
        at = _past(":", text, at)
        _, end = _value(text, at)
        if name in found:
            raise ValueError("a name twice")
        found[name] = text[at:end]
        at = _skipped(text, end)
        if text[at : at + 1] == "}":
            if text[at + 1 :].strip():
                raise ValueError("something after the object")
            return found
        at = _past(",", text, at)


def _value(text: str, at: int) -> tuple[Any, int]:
    return json.JSONDecoder().raw_decode(text, at)


def _past(sign: str, text: str, at: int) -> int:
    """Where what comes after ``sign`` begins."""
    at = _skipped(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"no {sign}")
    return at + 1 if sign == '"' else _skipped(text, at + 1)


def _skipped(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
