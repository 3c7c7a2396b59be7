"""Signed request objects (RFC 9101, OIDC Core §6.1): what a client asks, under its own key.

By value only: an address to fetch one from would make us call wherever a stranger says.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from authlib.oauth2 import OAuth2Error
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from idp.federation import strict
from idp.oidc import client_keys
from idp.oidc.adapters import OAuthClient
from idp.oidc.http import Params
from idp.services import services
from idp.store import ephemeral

ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
MAX_OBJECT = 96 * 1024
"""Letters of one: an entity's may carry its trust chain, statements within statements."""
TYPES = (None, "JWT", "oauth-authz-req+jwt")
"""A JWT of another type was made for something else (RFC 9101 §10.8)."""
MAX_AGE = 3600
"""Seconds an object may be good for: longer is a mistake, or somebody's stock."""
SKEW = 10
_REFUSED = ("crit", "b64")
"""Headers that would change how the rest is to be read; keys in headers are never looked at."""
_ABOUT_ITSELF = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}
_OUTSIDE = {"client_id", "request"}


class _Registry(JWSRegistry):
    """joserfc's own limit has no room for a header with a chain; the whole was measured before."""

    max_header_length = max_payload_length = MAX_OBJECT


def is_signed(token: str) -> bool:
    """Whether somebody vouches for it; where nobody does (``none``) it is not supported."""
    try:
        return bool(token) and strict.header(token).get("alg") != "none"
    except ValueError:
        return True


def opened(asked: Params, client: OAuthClient) -> Params:
    """The parameters inside the object of ``asked``, which alone count (RFC 9101 §6.3); whatever
    OAuth wants beside it has to say the same. Raises OAuth2Error, ``invalid_request_object``.
    """
    claims = _verified(asked.values["request"], client)
    _check(claims, client)
    inside = {name: _text(value) for name, value in claims.items() if name not in _ABOUT_ITSELF}
    for name in ("client_id", "response_type"):
        if asked.values.get(name, inside.get(name)) != inside.get(name):
            raise _refused(f"Another {name} than outside")
    return Params({**inside, "client_id": client.get_client_id()})


def _verified(token: str, client: OAuthClient) -> dict[str, Any]:
    """By a key of the client's, and by the algorithm it registered, where it did."""
    wanted = client.record.request_object_signing_alg
    if len(token) > MAX_OBJECT:
        raise _refused("Too large")
    try:
        header = strict.header(token)
        if any(name in header for name in _REFUSED):
            raise _refused("A header that is not supported")
        alg = header.get("alg")
        types = TYPES[-1:] if client.record.federated == "strict" else TYPES
        if alg not in ALGORITHMS or (wanted and alg != wanted) or header.get("typ") not in types:
            raise _refused("Another algorithm or type")
        for key in client_keys.candidates(client.record, str(header.get("kid", "")), alg):
            payload = _payload(token, key, alg)
            if payload is not None:
                return _claims(payload)
    except (JoseError, ValueError):
        raise _refused("Not readable") from None
    raise _refused("Not signed by a key of the client's")


def _claims(payload: bytes) -> dict[str, Any]:
    claims = strict.loads(payload)
    if not isinstance(claims, dict):
        raise _refused("Not readable")
    return claims


def _payload(token: str, key: Any, alg: str) -> bytes | None:
    try:
        registry = _Registry(algorithms=[alg], strict_check_header=False)
        return jws.deserialize_compact(token, key, registry=registry).payload
    except (JoseError, ValueError):
        return None


def _check(claims: Mapping[str, Any], client: OAuthClient) -> None:
    client_id = client.get_client_id()
    if claims.get("iss") != client_id or claims.get("client_id", client_id) != client_id:
        raise _refused("Of another client")
    if "sub" in claims:  # it could pass for a client assertion (RFC 9101 §10.8)
        raise _refused("With a subject")
    if {"request", "request_uri"} & claims.keys():
        raise _refused("One inside another")
    _check_audience(claims.get("aud"), client)
    _check_times(claims)
    if client.record.require_signed_request_object and "nbf" not in claims:
        raise _refused("Without nbf")  # FAPI 2.0 Message Signing §5.3.1
    if "jti" in claims or client.record.federated:  # OpenID Federation §12.1.1
        _check_first(claims.get("jti"), client_id)


def _check_audience(aud: Any, client: OAuthClient) -> None:
    """Alone, where the client is held to it: an object for many servers is carried between them."""
    issuer = services.settings.issuer
    alone = client.record.assertion_audience == "issuer"
    named = aud if isinstance(aud, list) and not alone else [aud]
    if issuer not in named:
        raise _refused("Not for this server")


def _check_times(claims: Mapping[str, Any]) -> None:
    now, times = time.time(), [claims.get(name, 0) for name in ("exp", "nbf", "iat")]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at in times):
        raise _refused("Times are numbers")
    expires, not_before, issued = times
    if not now - SKEW < expires < now + MAX_AGE or max(not_before, issued) > now + SKEW:
        raise _refused("Expired, or not yet good")
    if not_before and not_before < now - MAX_AGE:
        raise _refused("Too old")


def _check_first(jti: Any, client_id: str) -> None:
    lasting = timedelta(seconds=MAX_AGE + SKEW)
    if not isinstance(jti, str) or not jti:
        raise _refused("jti is a text")
    if not ephemeral.first_time("request-jti", f"{client_id} {jti}", lasting):
        raise _refused("Used before")


def _text(value: Any) -> str:
    """As it would stand in an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _refused("A parameter is no text")


def _refused(why: str) -> OAuth2Error:
    return OAuth2Error(why, error="invalid_request_object", status_code=400)
