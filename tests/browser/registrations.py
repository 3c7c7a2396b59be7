"""Relying parties of the tests beside the two portals: one for each foreign client."""

from typing import Any

from joserfc.jwk import ECKey

CALLBACK = "http://js.localhost/callback"
AFTER_LOGOUT = "http://js.localhost/bye"

KEY = ECKey.generate_key("P-256", {"kid": "js-1", "alg": "ES256", "use": "sig"})

_NODE_CLIENT: dict[str, Any] = {
    "name": "Node 示例",
    "legal_name": "甲省测试中心",
    "contact": "12345",
    "purpose": "检验接口",
    "scope": "openid phone offline_access",
    "legal_basis": "statutory",
    "statute": "检验用，不对应任何法规",
    "claims": ["phone_number", "phone_number_verified"],
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": [AFTER_LOGOUT],
    "home_uri": "http://js.localhost/",
    "grant_types": ["authorization_code", "refresh_token"],
}

BASIC = _NODE_CLIENT | {
    "client_id": "js-basic",
    "token_endpoint_auth_method": "client_secret_basic",
}
POST = _NODE_CLIENT | {
    "client_id": "js-post",
    "token_endpoint_auth_method": "client_secret_post",
    "id_token_signed_response_alg": "RS256",
}
KEYS = _NODE_CLIENT | {
    "client_id": "js-keys",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [KEY.as_dict(private=False)]},
}

COMPANIES = _NODE_CLIENT | {
    "client_id": "js-companies",
    "token_endpoint_auth_method": "client_secret_basic",
    "scope": "openid organisation",
    "claims": ["organisation", "mandate"],
}
"""A resource server of the story about companies: it introspects what it was given."""


def portal(base: str, **more: Any) -> dict[str, Any]:
    """The Node.js example, reached at ``base``."""
    return _NODE_CLIENT | {
        "client_id": "js-portal",
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile phone",
        "grant_types": ["authorization_code"],
        "redirect_uris": [f"{base}/callback"],
        "post_logout_redirect_uris": [f"{base}/signed-out"],
        "backchannel_logout_uri": f"{base}/backchannel-logout",
        "home_uri": f"{base}/",
        **more,
    }


def page(base: str) -> dict[str, Any]:
    """The page without a server, reached at ``base``: a public client that asks for consent."""
    return {
        "client_id": "spa",
        "name": "纯前端应用示例",
        "legal_name": "甲省测试中心",
        "contact": "12345",
        "purpose": "检验接口",
        "scope": "openid profile phone",
        "legal_basis": "consent",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"],
        "redirect_uris": [f"{base}/"],
        "post_logout_redirect_uris": [f"{base}/"],
        "web_origins": [base],
        "frontchannel_logout_uri": f"{base}/?front=channel",
        "home_uri": f"{base}/",
    }
