"""A question to another node: what is asked, pushed and signed (RFC 9126, RFC 9101, RFC 7523)."""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from joserfc import jws
from joserfc.jws import JWSRegistry

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60
PATH = "cn_path"
"""Parameter of a request: the nodes it has come through, the first one first."""
HOME = "cn_home"
"""Parameter of a request: the node the person named as their home."""
LINK = "cn_link"
"""Parameter of a request, and claim of an ID token: the linking service's letter to who asks."""
AUTHORITY = "cn_asserting_authority"
"""Claim of an ID token: the node that has seen the person."""
CEILING = "cn_level_ceiling"
"""Claim of an ID token: what everybody on the way together may be believed."""


class _Registry(JWSRegistry):
    """joserfc's own limit has no room for a header with a chain."""

    max_header_length = max_payload_length = 1 << 20


_REGISTRY = _Registry(algorithms=["ES256"], strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom. The secrets are made with it, and compared with the answer."""

    entity: str
    """The node that is asked, by its entity identifier."""
    acr_values: tuple[str, ...] = ()
    prompt: str = ""
    max_age: int | None = None
    ui_locales: str = ""
    path: tuple[str, ...] = ()
    """The nodes on the way, this one last."""
    link: bool = False
    """Whether the answer should say by which handle the person may be known here."""
    home: str = ""
    """Whom the asked one is to ask in its turn; "" for itself."""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


VERIFIED: dict[str, Any] = {
    "verification": {"trust_framework": None, "assurance_level": None, "time": None},
    "claims": {"name": None, "birthdate": None, "gender": None},
}
"""What is asked for beside the level: as much as a portal here may be told of the person."""


def parameters(question: Question, client_id: str, redirect_uri: str) -> dict[str, Any]:
    """The authorization request (OIDC Core §3.1.2.1), for a request object."""
    asked: dict[str, Any] = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": question.state,
        "nonce": question.nonce,
        "code_challenge": question.challenge,
        "code_challenge_method": "S256",
        "claims": {"id_token": {"verified_claims": VERIFIED}},
        PATH: " ".join(question.path),
    }
    optional = {
        "acr_values": " ".join(question.acr_values),
        "prompt": question.prompt,
        "ui_locales": question.ui_locales,
        HOME: question.home,
        LINK: "1" if question.link else "",
    }
    asked |= {name: value for name, value in optional.items() if value}
    if question.max_age is not None:
        asked["max_age"] = question.max_age
    return asked


def request_object(
    asked: dict[str, Any], provider: str, key: Any, trust_chain: Sequence[str]
) -> str:
    """OpenID Federation §12.1.1.1: for one receiver, once, for a minute; never with ``sub``."""
    now = int(time.time())
    claims = {
        **asked,
        "iss": asked["client_id"],
        "aud": provider,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + LIFETIME,
    }
    header = {"typ": "oauth-authz-req+jwt", "trust_chain": list(trust_chain)}
    return _signed(header, claims, key)


def authentication(client_id: str, provider: str, key: Any) -> dict[str, str]:
    """Form parameters that prove who asks: the audience is the provider alone (§12.1.1.2)."""
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": provider,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + LIFETIME,
    }
    return {
        "client_id": client_id,
        "client_assertion_type": ASSERTION,
        "client_assertion": _signed({}, claims, key),
    }


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    full = {"alg": "ES256", "kid": key.kid, **header}
    return jws.serialize_compact(full, orjson.dumps(claims), key, registry=_REGISTRY)
