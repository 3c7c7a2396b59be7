"""Aliyun's request signature, version 3 (ACS3-HMAC-SHA256)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True)
class Signable:
    """A request before it is signed; header names in lower case, ``host`` among them."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""


def authorization(key_id: str, secret: str, request: Signable) -> str:
    """The ``Authorization`` header of ``request``."""
    signature = sign(secret, request)
    names = ";".join(signed_names(request.headers))
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"


def sign(secret: str, request: Signable) -> str:
    canonical = sha256(canonical_request(request).encode()).hexdigest()
    return hmac.new(secret.encode(), f"{ALGORITHM}\n{canonical}".encode(), sha256).hexdigest()


def canonical_request(request: Signable) -> str:
    names = signed_names(request.headers)
    query = "&".join(f"{_escape(k)}={_escape(v)}" for k, v in sorted(request.query.items()))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    payload = sha256(request.body).hexdigest()
    return "\n".join((request.method, "/", query, headers, ";".join(names), payload))


def signed_names(headers: Mapping[str, str]) -> list[str]:
    return sorted(n for n in headers if n.startswith("x-acs-") or n in {"host", "content-type"})


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")
