"""A public client only names itself (RFC 6749 §2.3.1); what it redeems must prove itself."""

from typing import Any

from idp.oidc.adapters import OAuthClient, find_client


def authenticate(_query_client: Any, request: Any) -> OAuthClient | None:
    client_id = request.form.get("client_id")
    return find_client(client_id) if client_id else None
