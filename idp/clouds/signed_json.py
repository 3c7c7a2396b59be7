"""JSON signed with HMAC-SM3 (GB/T 32905) in both directions.

For platforms that hand out their interface file with the contract only. They are alike in what
they sign, every other field in order, and differ in how: this is the place to be fitted to one.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
import structlog
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from pydantic import SecretStr

from idp.outbound import Answer, Operator, OutboundFailed

JSON = "application/json; charset=utf-8"
SCHEME = "HMAC-SM3"
_log = structlog.get_logger("idp.clouds")


@dataclass(frozen=True)
class SignedJson:
    """One platform, under one key. All fields are text, asked and answered."""

    service: str
    endpoint: str
    key: SecretStr
    http: Operator

    def post(self, path: str, asked: Mapping[str, str], echoed: Iterable[str]) -> dict[str, str]:
        """What the platform signed. ``echoed`` names the fields by which it says what it answers:
        an answer to another question is none. Raises OutboundFailed.
        """
        sent = orjson.dumps(self._signed(asked))
        answer = self.http.post(self._url(path), content=sent, headers={"Content-Type": JSON})
        return self._believed(answer, {name: asked[name] for name in echoed})

    def get(self, path: str, asked: Mapping[str, str], echoed: Iterable[str]) -> dict[str, str]:
        """The same with the fields in a header: a query ends in the logs of every proxy."""
        headers = {"Authorization": f"{SCHEME} {urlencode(self._signed(asked))}"}
        answer = self.http.get(self._url(path), headers=headers)
        return self._believed(answer, {name: asked[name] for name in echoed})

    def _url(self, path: str) -> str:
        return self.endpoint.rstrip("/") + path

    def _signed(self, asked: Mapping[str, str]) -> dict[str, str]:
        return {**asked, "sign": sign(self.key.get_secret_value(), asked)}

    def _believed(self, answer: Answer, expected: Mapping[str, str]) -> dict[str, str]:
        if not answer.ok:
            raise OutboundFailed(f"status-{answer.status}", maybe_sent=True)
        found = answer.json()
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise OutboundFailed("answer", maybe_sent=True)
        given = found.pop("sign", "")
        made = sign(self.key.get_secret_value(), found)
        if not hmac.compare_digest(made.encode(), given.encode()):
            raise self._refused("signature")
        if any(found.get(name) != value for name, value in expected.items()):
            raise self._refused("another-question")
        return found

    def _refused(self, reason: str) -> OutboundFailed:
        _log.error("answer_not_genuine", service=self.service, reason=reason)
        return OutboundFailed(reason, maybe_sent=True)


def sign(key: str, fields: Mapping[str, str]) -> str:
    """Over the fields in order, escaped, so that no value can pass for another field."""
    mac = HMAC(key.encode(), SM3())
    mac.update(urlencode(sorted(fields.items())).encode())
    return mac.finalize().hex()
