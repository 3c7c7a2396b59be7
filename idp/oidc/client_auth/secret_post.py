"""A client secret in the form (RFC 6749 §2.3.1)."""

from typing import Any

from idp.oidc.adapters import OAuthClient, find_client


def authenticate(_query_client: Any, request: Any) -> OAuthClient | None:
    client_id, secret = request.form.get("client_id"), request.form.get("client_secret")
    if not client_id or not secret:
        return None
    client = find_client(client_id)
    return client if client is not None and client.check_client_secret(secret) else None
