"""Checks a logout token, step by step (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["ES256", "RS256"]
LEEWAY = 60
LONGEST_LIFE = 600


class BadLogoutToken(Exception):
    """The token proves nothing; the text says why, for the portal's own log."""


@dataclass(frozen=True)
class LogoutToken:
    jti: str
    expires: float
    sid: str
    subject: str


def check(token: str, *, issuer: str, client_id: str, keys: Callable[[bool], Any]) -> LogoutToken:
    """The token's content, when every check passes.

    ``keys`` fetches the provider's key set; True asks for a fresh one, because the
    provider may have rotated its keys since the last look.
    """
    claims = _verified(token, keys)
    if claims.get("iss") != issuer:
        raise BadLogoutToken("iss is not our provider")
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise BadLogoutToken("aud is not this client")
    expires = _in_time(claims)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise BadLogoutToken("events does not hold the logout event")
    if "nonce" in claims:
        raise BadLogoutToken("a nonce: this is an ID token in disguise")
    sid, subject, jti = (_text(claims, name) for name in ("sid", "sub", "jti"))
    if not sid and not subject:
        raise BadLogoutToken("neither sid nor sub")
    if not jti:
        raise BadLogoutToken("no jti")
    return LogoutToken(jti, expires, sid, subject)


def _verified(token: str, keys: Callable[[bool], Any]) -> dict[str, Any]:
    try:
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(keys(False)), ALGORITHMS)
        except InvalidKeyIdError:
            decoded = jwt.decode(token, KeySet.import_key_set(keys(True)), ALGORITHMS)
    except (JoseError, ValueError) as error:
        raise BadLogoutToken(f"signature: {type(error).__name__}") from None
    if decoded.header.get("typ") != "logout+jwt":
        raise BadLogoutToken("typ is not logout+jwt")
    return decoded.claims


def _in_time(claims: dict[str, Any]) -> float:
    now, issued, expires = time.time(), _moment(claims, "iat"), _moment(claims, "exp")
    if issued > now + LEEWAY or expires < now - LEEWAY or expires - issued > LONGEST_LIFE:
        raise BadLogoutToken("not valid at this time")
    return expires + LEEWAY


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadLogoutToken(f"{name} is missing")
    return float(value)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise BadLogoutToken(f"{name} is not text")
    return value
