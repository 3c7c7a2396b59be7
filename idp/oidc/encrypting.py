"""Answers only one client can read: a signed JWT in a JWE to a key of its own (RFC 7519 §11.2)."""

import structlog
from joserfc import jwe
from joserfc.errors import JoseError

from idp.oidc import client_keys
from idp.oidc.errors import NoKeyToEncryptTo
from idp.store.clients import CONTENT_ENCRYPTION, KEY_MANAGEMENT, Registration

log = structlog.get_logger(__name__)
_REGISTRY = jwe.JWERegistry(algorithms=[*KEY_MANAGEMENT, *CONTENT_ENCRYPTION])


def to_client(client: Registration, signed: str) -> str:
    """``signed`` as the client's registration wants it encrypted.

    Raises NoKeyToEncryptTo, or OAuth2Error where its keys cannot be had now.
    """
    alg = client.userinfo_encrypted_response_alg
    key = client_keys.to_encrypt(client, alg)
    if key is None:
        raise _no_key(client, "none of use enc fits")
    header = {"alg": alg, "enc": client.userinfo_encrypted_response_enc, "cty": "JWT"}
    if key.kid:
        header["kid"] = key.kid
    try:
        return jwe.encrypt_compact(header, signed, key, registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise _no_key(client, type(error).__name__) from None


def _no_key(client: Registration, reason: str) -> NoKeyToEncryptTo:
    log.warning("no key to encrypt to", client_id=client.client_id, reason=reason)
    return NoKeyToEncryptTo()
