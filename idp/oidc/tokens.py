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

from idp import sessions
from idp.broker.asking import AUTHORITY, CEILING
from idp.crypto import base64url, sm2
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
    now = int(time.time())
    lifetime = _in_time(lifetimes.access, subject, now)
    value = {
        "client_id": client.client_id,
        "scope": scope,
        "iat": now,
        "aud": [services.settings.issuer, *client.audiences],
        "person": subject is not None,
    }
    if client.access_token_format == "jwt":
        lifetime = _in_time(lifetimes.access_jwt, subject, now)
        text = _jwt_access_token(client, text, subject, value | {"exp": _end(now, lifetime)})
    value["exp"] = _end(now, lifetime)
    return AccessToken(text, NewToken(digest(text), value, lifetime), lifetime)


def _in_time(lifetime: timedelta, subject: dict[str, Any] | None, now: int) -> timedelta:
    """No longer than the mandate somebody acts under."""
    acting = sessions.acting_of(subject) if subject else None
    if acting is None or acting.until is None:
        return lifetime
    return min(lifetime, timedelta(seconds=max(1, int(acting.until) - now)))


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
        claims |= subject.get("told", {})
    return sign(claims, _access_alg(client), typ="at+jwt")


def _access_alg(client: Registration) -> str:
    """Resource servers read access tokens, with the keys of ``jwks_uri``: SM2 is not among them."""
    alg = client.id_token_signed_response_alg
    return "ES256" if alg == sm2.ALG else alg


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
    kid = services.sealer.ring.current
    return f"{bucket}{fid}.{n}.{kid}.{_mac(kid, bucket, fid, n)}"


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
    found = RefreshToken(bucket, head[2:], int(number))
    try:
        good = _mac(kid, bucket, found.fid, found.n)
    except UnknownKey:
        return None
    return found if hmac.compare_digest(good.encode(), mac.encode()) else None


def _mac(kid: str, bucket: str, fid: str, n: int) -> str:
    return base64url.encode(services.sealer.mac(_PURPOSE, f"{bucket}{fid}.{n}".encode(), kid))


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
        "at_hash": _at_hash(alg, access),
    }
    if core.get("nonce"):
        stated["nonce"] = core["nonce"]
    if core.get("home"):
        stated[AUTHORITY], stated[CEILING] = core["home"]
    return sign(stated, alg)


def _at_hash(alg: str, access: str) -> str:
    """Half a digest, by the hash of ``alg`` (Core §3.1.3.6)."""
    text = access.encode()
    digest = sm2.sm3(text) if alg == sm2.ALG else sha256(text).digest()
    return base64url.encode(digest[:16])


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
