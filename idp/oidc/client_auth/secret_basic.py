"""HTTP Basic with a client secret (RFC 6749 §2.3.1: both halves form-encoded)."""

import binascii
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_plus

from idp.oidc.adapters import OAuthClient, find_client


def authenticate(_query_client: Any, request: Any) -> OAuthClient | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, _, secret = pair.partition(":")
    if "%" in pair or "+" in pair:
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    client = find_client(client_id)
    if client is None or not client.check_client_secret(secret):
        return None
    return client
