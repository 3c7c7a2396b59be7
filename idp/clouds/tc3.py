"""Tencent Cloud's request signature (TC3-HMAC-SHA256)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

ALGORITHM = "TC3-HMAC-SHA256"
SIGNED = "content-type;host"


@dataclass(frozen=True)
class Signable:
    """A POST of JSON before it is signed."""

    service: str
    host: str
    content_type: str
    timestamp: int
    body: bytes

    @property
    def date(self) -> str:
        return datetime.fromtimestamp(self.timestamp, UTC).strftime("%Y-%m-%d")

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.service}/tc3_request"


def authorization(secret_id: str, secret_key: str, request: Signable) -> str:
    """The ``Authorization`` header of ``request``."""
    signature = sign(secret_key, request)
    credential = f"{secret_id}/{request.scope}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={SIGNED}, Signature={signature}"


def sign(secret_key: str, request: Signable) -> str:
    canonical = sha256(canonical_request(request).encode()).hexdigest()
    text = f"{ALGORITHM}\n{request.timestamp}\n{request.scope}\n{canonical}"
    key = f"TC3{secret_key}".encode()
    for step in (request.date, request.service, "tc3_request", text):
        key = hmac.new(key, step.encode(), sha256).digest()
    return key.hex()


def canonical_request(request: Signable) -> str:
    headers = f"content-type:{request.content_type}\nhost:{request.host}\n"
    payload = sha256(request.body).hexdigest()
    return "\n".join(("POST", "/", "", headers, SIGNED, payload))
