"""What this node says of itself to its federation, by entity type (OpenID Federation §5.1)."""

from collections.abc import Callable, Mapping
from typing import Any

from idp.broker.service import CALLBACK
from idp.federation.constraints import FEDERATION_ENTITY
from idp.oidc import discovery
from idp.services import services
from idp.signals import managing
from idp.store import clients
from idp.store.clients import KEY_MANAGEMENT
from idp.trust import kinds


def provider() -> dict[str, Any] | None:
    """The discovery document, as others of the federation have to keep to it."""
    if not services.settings.federation.provider:
        return None
    return {
        **discovery.metadata(),
        "jwks": services.keys.jwks(),
        "client_registration_types_supported": ["automatic"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "require_pushed_authorization_requests": True,
        "organization_name": services.settings.node.organiser or services.settings.node.title,
    }


def relying_party() -> dict[str, Any] | None:
    settings = services.settings
    if not settings.federation.relying_party:
        return None
    return {
        "client_name": settings.node.name,
        "organization_name": settings.node.organiser or settings.node.title,
        **({"contacts": [settings.node.contact]} if settings.node.contact else {}),
        "client_registration_types": ["automatic"],
        "redirect_uris": [settings.issuer + CALLBACK],
        "response_types": ["code"],
        "grant_types": ["authorization_code", "client_credentials"],
        "scope": " ".join(("openid", clients.MANAGE, clients.READ)),
        "subject_type": "pairwise",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "request_object_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
        "id_token_encrypted_response_alg": KEY_MANAGEMENT[1],
        "id_token_encrypted_response_enc": "A256GCM",
        "jwks": services.keys.jwks("client"),
    }


def entity() -> dict[str, Any]:
    """What those need who listen to this node: where its streams are, and what signs its events.

    It stands beside the endpoints of the federation: no specification has an entity type for it.
    """
    issuer = services.settings.issuer
    transmitter = {
        **managing.metadata(issuer),
        "jwks": services.keys.jwks(),
        "token_endpoint": f"{issuer}/oauth/token",
    }
    return {kinds.TRANSMITTER: transmitter}


DESCRIBED: Mapping[str, Callable[[], dict[str, Any] | None]] = {
    "openid_provider": provider,
    "openid_relying_party": relying_party,
    FEDERATION_ENTITY: entity,
}
