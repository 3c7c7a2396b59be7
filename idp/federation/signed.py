"""One signed JWT of the federation: its explicit type, its header, its claims and its signature.

Reading and verifying are two steps, so that a chain is refused for what it says before any
signature costs time (RFC 7515, RFC 8725 §3.11, OpenID Federation §3.1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from idp.federation import strict
from idp.federation.errors import InvalidJwt, InvalidSignature
from idp.federation.jwks import PublicKey
from idp.federation.rules import STRICT, Rules

ALGORITHMS = ("ES256", "PS256", "RS256")


class Typ(StrEnum):
    """What the JWT is; the media type is the same with ``application/`` in front."""

    ENTITY_STATEMENT = "entity-statement+jwt"
    TRUST_MARK = "trust-mark+jwt"
    TRUST_MARK_DELEGATION = "trust-mark-delegation+jwt"
    TRUST_MARK_STATUS = "trust-mark-status-response+jwt"
    RESOLVE_RESPONSE = "resolve-response+jwt"
    JWK_SET = "jwk-set+jwt"
    EXPLICIT_REGISTRATION = "explicit-registration-response+jwt"


_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_UNWANTED = ("jwk", "jku", "x5u", "x5c", "crit", "b64")
"""Keys come from the chain alone, and nothing may change how the signature is made."""
_CHAINS = ("trust_chain", "peer_trust_chain")


class _Registry(JWSRegistry):
    """joserfc's own limits have no room for a header with a chain; ours were checked before."""

    max_header_length = max_payload_length = 1 << 30


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """A JWT that was read; nothing in it is true before ``verify``."""

    token: str
    alg: str
    kid: str
    claims: Mapping[str, Any]
    header: Mapping[str, Any]


def read(token: object, typ: Typ, rules: Rules = STRICT) -> Signed:
    if not isinstance(token, str) or len(token) > rules.max_size:
        raise InvalidJwt("size")
    if not _COMPACT.fullmatch(token):
        raise InvalidJwt("form")
    head, payload, _ = token.split(".")
    header = _members(head, "header")
    if header.get("typ") != typ:
        raise InvalidJwt("typ", typ)
    if header.get("alg") not in ALGORITHMS:
        raise InvalidJwt("alg")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise InvalidJwt("kid")
    for name in _UNWANTED + (_CHAINS if typ is Typ.ENTITY_STATEMENT else ()):
        if name in header:
            raise InvalidJwt("header", name)
    return Signed(token, header["alg"], kid, _members(payload, "claims"), header)


def peek(token: object, rules: Rules = STRICT) -> Mapping[str, Any]:
    """The claims of a JWT inside another one, for comparing; believed only once it is read."""
    if not isinstance(token, str) or len(token) > rules.max_size or not _COMPACT.fullmatch(token):
        raise InvalidJwt("form")
    return _members(token.split(".")[1], "claims")


def verify(signed: Signed, key: PublicKey) -> None:
    try:
        jws.deserialize_compact(signed.token, key.load(), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidSignature("signature", signed.kid) from error


def sign(claims: Mapping[str, Any], typ: Typ, key: Key) -> str:
    """``key`` is a private key with its ``kid``; an EC key signs ES256, an RSA key PS256."""
    if not key.kid:
        raise InvalidJwt("kid")
    alg = "ES256" if key.key_type == "EC" else "PS256"
    header = {"typ": str(typ), "alg": alg, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(claims), key, registry=_REGISTRY)


def _members(part: str, about: str) -> dict[str, Any]:
    try:
        members = strict.loads(strict.decode(part))
    except ValueError as error:
        raise InvalidJwt("json", about) from error
    if not isinstance(members, dict):
        raise InvalidJwt("json", about)
    return members
