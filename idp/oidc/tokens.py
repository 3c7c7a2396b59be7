"""Tokens: what they hold, how they are written, how they are read again.

Every token begins with its bucket; access and refresh tokens go on with their family, so
that one round trip reads all that decides about them.
"""

import hmac
import secrets
import time
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from joserfc.jws import JWSRegistry

from idp.crypto import base64url
from idp.crypto.errors import UnknownKey
from idp.services import services
from idp.store import buckets
from idp.store.clients import Registration
from idp.store.ephemeral import digest
from idp.store.tokens import NewToken

FAMILY = 22
_PURPOSE = "refresh-token"


class AccessToken(NamedTuple):
    text: str
    kept: NewToken
    lifetime: timedelta


def access_token(
    client: Registration, place: tuple[str, str], subject: dict[str, Any] | None, scope: str
) -> AccessToken:
    """A new access token at ``place`` (bucket, family): opaque, or a JWT (RFC 9068).

    Both are kept by digest, so that both can be revoked and introspected.
    """
    bucket, fid = place
    text = bucket + fid + secrets.token_urlsafe(32)
    lifetimes = services.settings.tokens
    lifetime = lifetimes.access
    now = int(time.time())
    value = {
        "client_id": client.client_id,
        "scope": scope,
        "iat": now,
        "aud": [services.settings.issuer, *client.audiences],
        "person": subject is not None,
    }
    if client.access_token_format == "jwt":
        lifetime = lifetimes.access_jwt
        text = _jwt_access_token(client, text, subject, value | {"exp": _end(now, lifetime)})
    value["exp"] = _end(now, lifetime)
    return AccessToken(text, NewToken(digest(text), value, lifetime), lifetime)


def _end(now: int, lifetime: timedelta) -> int:
    return now + int(lifetime.total_seconds())


def _jwt_access_token(
    client: Registration, jti: str, subject: dict[str, Any] | None, value: dict[str, Any]
) -> str:
    """RFC 9068 §2.2; the issuer stands first in ``aud`` so that userinfo accepts it."""
    claims = {
        "iss": services.settings.issuer,
        "aud": value["aud"],
        "sub": subject["sub"] if subject else client.client_id,
        "client_id": client.client_id,
        "iat": value["iat"],
        "exp": value["exp"],
        "jti": jti,
        "scope": value["scope"],
    }
    if subject:
        claims |= {k: subject[k] for k in ("auth_time", "acr", "amr")}
    return sign(claims, client.id_token_signed_response_alg, typ="at+jwt")


def locate(token: str) -> tuple[str, str] | None:
    """The bucket and family a token names, before anything is known of its truth."""
    handle = _jti(token) if token.startswith("ey") else token
    bucket = buckets.of(handle)
    if bucket is None or len(handle) < 2 + FAMILY:
        return None
    return bucket, handle[2 : 2 + FAMILY]


def _jti(token: str) -> str:
    """Read without verifying: the digest of the whole token is what is looked up."""
    payload = token.split(".")[1:2]
    try:
        claims = orjson.loads(base64url.decode(payload[0])) if payload else None
    except ValueError:
        return ""
    jti = claims.get("jti") if isinstance(claims, dict) else None
    return jti if isinstance(jti, str) else ""


def refresh_token(bucket: str, fid: str, n: int) -> str:
    """The ``n``-th refresh token of a family: it follows from the node's key and is kept nowhere.

    So a retry finds the same successor, any older one is known for what it is, and
    whoever reads Redis holds none.
    """
    kid, key = services.sealer.hmac_key(_PURPOSE)
    return f"{bucket}{fid}.{n}.{kid}.{_mac(key, bucket, fid, n)}"


class RefreshToken(NamedTuple):
    bucket: str
    fid: str
    n: int


def read_refresh_token(text: str) -> RefreshToken | None:
    """The place of a refresh token we have really issued; None for anything else."""
    head, _, rest = text.partition(".")
    parts = rest.split(".")
    bucket = buckets.of(head)
    if bucket is None or len(head) != 2 + FAMILY or len(parts) != 3:  # noqa: PLR2004
        return None
    number, kid, mac = parts
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004
        return None
    try:
        _, key = services.sealer.hmac_key(_PURPOSE, kid)
    except UnknownKey:
        return None
    found = RefreshToken(bucket, head[2:], int(number))
    good = _mac(key, bucket, found.fid, found.n)
    return found if hmac.compare_digest(good.encode(), mac.encode()) else None


def _mac(key: bytes, bucket: str, fid: str, n: int) -> str:
    return base64url.encode(hmac.digest(key, f"{bucket}{fid}.{n}".encode(), "sha256"))


def id_token(
    client: Registration, core: dict[str, Any], access: str, claims: dict[str, Any]
) -> str:
    """An ID token (Core §2); ``core`` is what the family or code remembers."""
    now = int(time.time())
    alg = client.id_token_signed_response_alg
    stated = {
        **claims,
        "iss": services.settings.issuer,
        "sub": core["sub"],
        "aud": client.client_id,
        "iat": now,
        "exp": _end(now, services.settings.tokens.id),
        "auth_time": core["auth_time"],
        "acr": core["acr"],
        "amr": core["amr"],
        "sid": core["rp_sid"],
        "at_hash": base64url.encode(sha256(access.encode()).digest()[:16]),
    }
    if core.get("nonce"):
        stated["nonce"] = core["nonce"]
    return sign(stated, alg)


def sign(claims: dict[str, Any], alg: str, typ: str = "JWT") -> str:
    """A JWS in compact form (RFC 7515 §7.1) by our current key for ``alg``."""
    key = services.keys.signer(alg)
    head = _head(alg, key.kid, typ)
    signed = f"{head}.{base64url.encode(orjson.dumps(claims))}"
    signature: bytes = JWSRegistry.algorithms[alg].sign(signed.encode(), key)
    return f"{signed}.{base64url.encode(signature)}"


@lru_cache(16)
def _head(alg: str, kid: str, typ: str) -> str:
    return base64url.encode(orjson.dumps({"alg": alg, "kid": kid, "typ": typ}))
