"""Metadata (OIDC Discovery §3, RFC 8414 §2), derived from the registries, and the keys."""

from typing import Any

import orjson

from idp import assurance
from idp.keys import ALGORITHMS
from idp.oidc import request_objects
from idp.oidc.authorize import PATH
from idp.oidc.checks import DISPLAYS, PROMPTS, RESPONSE_MODES
from idp.oidc.claims import CLAIMS, SCOPES
from idp.oidc.client_auth import CLIENT_AUTH, private_key_jwt
from idp.oidc.end_session import PATH as LOGOUT_PATH
from idp.oidc.endpoints import ENDPOINTS
from idp.oidc.grants import GRANTS
from idp.oidc.http import JSON, Response
from idp.oidc.ida import offering
from idp.passkeys import Site
from idp.services import services
from idp.store.clients import CONTENT_ENCRYPTION, KEY_MANAGEMENT, LISTEN

JWKS_PATH = "/jwks.json"
GM_JWKS_PATH = "/jwks-gm.json"
"""No metadata member names it: there is no standard one, and certification warns of others."""
PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
"""OIDC Discovery §4, RFC 8414 §3: one document under both names."""
_PUBLIC = (
    JSON,
    ("Cache-Control", "public, max-age=300"),
    ("Access-Control-Allow-Origin", "*"),
)


def _hardware() -> bool:
    """Whether a passkey can be known to be a key in hardware."""
    site = Site.of(services.settings)
    return bool(site.rp_id and site.trust.roots)


def metadata() -> dict[str, Any]:
    settings = services.settings
    issuer = settings.issuer
    with_secret = [method for method in CLIENT_AUTH if method != "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + PATH,
        **{endpoint.name: issuer + endpoint.path for endpoint in ENDPOINTS},
        "jwks_uri": issuer + JWKS_PATH,
        "end_session_endpoint": issuer + LOGOUT_PATH,
        "scopes_supported": [*SCOPES, *sorted(LISTEN)],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        "acr_values_supported": [each.acr for each in assurance.reached(hardware=_hardware())],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(services.keys.algorithms),
        "userinfo_signing_alg_values_supported": list(ALGORITHMS),
        "id_token_encryption_alg_values_supported": list(KEY_MANAGEMENT),
        "id_token_encryption_enc_values_supported": list(CONTENT_ENCRYPTION),
        "userinfo_encryption_alg_values_supported": list(KEY_MANAGEMENT),
        "userinfo_encryption_enc_values_supported": list(CONTENT_ENCRYPTION),
        "display_values_supported": list(DISPLAYS),
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
            *CLAIMS,
        ],
        **offering.metadata(),
        "ui_locales_supported": list(settings.node.languages),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(request_objects.ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "require_pushed_authorization_requests": False,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTH),
        "revocation_endpoint_auth_methods_supported": list(CLIENT_AUTH),
        "introspection_endpoint_auth_methods_supported": with_secret,
        **{
            f"{name}_endpoint_auth_signing_alg_values_supported": list(private_key_jwt.ALGORITHMS)
            for name in ("token", "revocation", "introspection")
        },
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }


def metadata_response() -> Response:
    return _public(orjson.dumps(metadata()))


def jwks_response() -> Response:
    """The public keys: current, next and recently retired (RFC 7517 §5)."""
    return _public(services.keys.jwks_bytes())


def gm_jwks_response() -> Response:
    """The same of the SM2 keys (GM/T 0125.4)."""
    return _public(services.keys.jwks_bytes("gm"))


def _public(body: bytes) -> Response:
    """For everybody, any origin, and any cache for a while."""
    return Response(200, body, _PUBLIC)
