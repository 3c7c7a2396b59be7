"""A JWT signed with the client's own key (RFC 7523 §3, OIDC Core §9, RFC 9700 §2.5)."""

import time
from datetime import timedelta
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from idp.oidc import client_keys
from idp.oidc.adapters import OAuthClient, find_client
from idp.services import services
from idp.store import ephemeral

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
MAX_ASSERTION = 8192
MAX_AGE = 600
SKEW = 10


def authenticate(_query_client: Any, request: Any) -> OAuthClient | None:
    assertion = request.form.get("client_assertion", "")
    if request.form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
        return None
    if len(assertion) > MAX_ASSERTION:
        return None
    client_id = _claimed_client(assertion)
    client = find_client(client_id)
    if client is None or request.form.get("client_id", client_id) != client_id:
        return None
    if client.record.token_endpoint_auth_method != "private_key_jwt":
        return None
    claims = _verified(assertion, client)
    if claims is None or not _acceptable(claims, client):
        return None
    return client


def _claimed_client(assertion: str) -> str:
    """Whose key to try: read before anything is verified, used for nothing else."""
    try:
        claims = orjson.loads(jws.extract_compact(assertion.encode()).payload)
    except (JoseError, ValueError):
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else ""


def _verified(assertion: str, client: OAuthClient) -> dict[str, Any] | None:
    """The algorithm is the registered one; ``jwk``, ``jku`` and ``x5u`` headers are ignored."""
    wanted = client.record.token_endpoint_auth_signing_alg
    try:
        header = jws.extract_compact(assertion.encode()).headers()
        alg = header.get("alg", "")
        if alg not in ALGORITHMS or (wanted and alg != wanted):
            return None
        for key in client_keys.candidates(client.record, str(header.get("kid", "")), alg):
            if (claims := _try(assertion, key, alg)) is not None:
                return claims
    except (JoseError, ValueError):
        return None
    return None


def _try(assertion: str, key: Key, alg: str) -> dict[str, Any] | None:
    try:
        claims = orjson.loads(jws.deserialize_compact(assertion, key, algorithms=[alg]).payload)
    except (JoseError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _acceptable(claims: dict[str, Any], client: OAuthClient) -> bool:
    client_id, now = client.get_client_id(), time.time()
    times = [claims.get(name, 0) for name in ("exp", "nbf", "iat")]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at in times):
        return False
    expires, not_before, issued = times
    return (
        claims.get("iss") == claims.get("sub") == client_id
        and _is_for_us(claims.get("aud"), client.record.assertion_audience)
        and now - SKEW < expires < now + MAX_AGE
        and not_before <= now + SKEW
        and issued <= now + SKEW
        and _never_seen(client_id, claims.get("jti"))
    )


def _is_for_us(audience: Any, policy: str) -> bool:
    issuer = services.settings.issuer
    if policy == "issuer":
        return audience == issuer
    named = audience if isinstance(audience, list) else [audience]
    ours = {issuer, f"{issuer}/oauth/token", f"{issuer}/oauth/par"}
    return any(each in ours for each in named if isinstance(each, str))


def _never_seen(client_id: str, jti: Any) -> bool:
    """``jti`` counts once per client, for longer than any assertion lives."""
    if not isinstance(jti, str) or not jti:
        return False
    lifetime = timedelta(seconds=MAX_AGE + 2 * SKEW)
    return ephemeral.first_time("client-jti", f"{client_id} {jti}", lifetime)
