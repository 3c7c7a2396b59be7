"""A small federation with real keys, that signs whatever it is told to, right or wrong."""

import json
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry

from idp.crypto import base64url

NOW = 1_795_000_000
DAY = 86400

ANCHOR = "https://ta.gov.example"
PROVINCE = "https://fed.prov-a.gov.example"
CITY = "https://fed.city-a1.prov-a.gov.example"
GATEWAY = "https://id.prov-a.gov.example"
MARKS = "https://tmi.gov.example"
OWNER = "https://office.gov.example"

FETCH = {"federation_fetch_endpoint": "https://ta.gov.example/fetch"}


@cache
def key(owner: str, kid: str = "") -> Key:
    """The private key of somebody; the same one each time it is asked for."""
    return ECKey.generate_key("P-256", {"kid": kid or f"of-{owner}"})


@cache
def rsa(bits: int) -> Key:
    return RSAKey.generate_key(bits, {"kid": f"rsa-{bits}"}, auto_kid=False)


def jwk(one: Key) -> dict[str, Any]:
    return dict(one.as_dict(private=False))


def jwks(*keys: Key | str) -> dict[str, Any]:
    return {"keys": [jwk(key(one) if isinstance(one, str) else one) for one in keys]}


def sign(
    claims: Any, by: Key | str, typ: str | None = "entity-statement+jwt", **header: Any
) -> str:
    """A JWS as told: a header set to ``None`` is left out, ``claims`` may be text."""
    private = key(by) if isinstance(by, str) else by
    alg = header.pop("alg", "ES256" if private.key_type == "EC" else "RS256")
    members = {"typ": typ, "alg": alg, "kid": private.kid, **header}
    head = {name: value for name, value in members.items() if value is not None}
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    return serialize(json.dumps(head), payload, private, alg)


def serialize(head: str, payload: str, private: Key, alg: str) -> str:
    """Signs texts as they are, so that they may be JSON nobody should accept."""
    signing_input = ".".join(base64url.encode(part.encode()) for part in (head, payload))
    model = JWSRegistry.algorithms[alg if alg in JWSRegistry.algorithms else "ES256"]
    return f"{signing_input}.{base64url.encode(model.sign(signing_input.encode(), private))}"


def without(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not ...}


def configuration_claims(entity: str, *hints: str, **more: Any) -> dict[str, Any]:
    """What an entity says of itself; a claim given as ``...`` is left out."""
    claims = {
        "iss": entity,
        "sub": entity,
        "iat": NOW - 600,
        "exp": NOW + DAY,
        "jwks": jwks(entity),
        "metadata": {"federation_entity": {"organization_name": entity}},
    }
    if hints:
        claims["authority_hints"] = list(hints)
    return without({**claims, **more})


def statement_claims(superior: str, subject: str, **more: Any) -> dict[str, Any]:
    claims = {
        "iss": superior,
        "sub": subject,
        "iat": NOW - 600,
        "exp": NOW + DAY,
        "jwks": jwks(subject),
    }
    return without({**claims, **more})


def configuration(entity: str, *hints: str, **more: Any) -> str:
    return sign(configuration_claims(entity, *hints, **more), entity)


def statement(superior: str, subject: str, **more: Any) -> str:
    return sign(statement_claims(superior, subject, **more), superior)
