"""Answers only one client can read: a signed JWT in a JWE to a key of its own (RFC 7519 §11.2)."""

import structlog
from joserfc import jwe
from joserfc.errors import JoseError

from idp.oidc import client_keys
from idp.oidc.errors import NoKeyToEncryptTo
from idp.store.clients import CONTENT_ENCRYPTION, KEY_MANAGEMENT, Registration

log = structlog.get_logger(__name__)
_REGISTRY = jwe.JWERegistry(algorithms=[*KEY_MANAGEMENT, *CONTENT_ENCRYPTION])


def userinfo(client: Registration, signed: str) -> str:
    """As the client's registration wants it (Core §5.3.2). Raises what ``_to_client`` raises."""
    wants = client.userinfo_encrypted_response_alg, client.userinfo_encrypted_response_enc
    return _to_client(client, signed, *wants)


def id_token(client: Registration, signed: str) -> str:
    """As the client's registration wants it (Core §2), or as it is. Raises what ``_to_client``
    raises: never does one leave in clear that was to be encrypted.
    """
    alg, enc = client.id_token_encrypted_response_alg, client.id_token_encrypted_response_enc
    return _to_client(client, signed, alg, enc) if alg else signed


def _to_client(client: Registration, signed: str, alg: str, enc: str) -> str:
    """Raises NoKeyToEncryptTo, or OAuth2Error where its keys cannot be had now."""
    key = client_keys.to_encrypt(client, alg)
    if key is None:
        raise _no_key(client, "none of use enc fits")
    header = {"alg": alg, "enc": enc, "cty": "JWT"}
    if key.kid:
        header["kid"] = key.kid
    try:
        return jwe.encrypt_compact(header, signed, key, registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise _no_key(client, type(error).__name__) from None


def _no_key(client: Registration, reason: str) -> NoKeyToEncryptTo:
    log.warning("no key to encrypt to", client_id=client.client_id, reason=reason)
    return NoKeyToEncryptTo()
