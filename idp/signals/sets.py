"""Security event tokens (RFC 8417) as shared signals have them: one event each, of one subject
(SSF 1.0 §4, CAEP 1.0, RISC 1.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.federation import strict

MEDIA_TYPE = "application/secevent+jwt"
TYP = "secevent+jwt"
ALGORITHMS = ("ES256", "PS256", "RS256")
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
VERIFICATION = _SSF + "verification"
STREAM_UPDATED = _SSF + "stream-updated"
SESSION_REVOKED = _CAEP + "session-revoked"
CREDENTIAL_CHANGE = _CAEP + "credential-change"
LEVEL_CHANGE = _CAEP + "assurance-level-change"
ACCOUNT_DISABLED = _RISC + "account-disabled"
ACCOUNT_ENABLED = _RISC + "account-enabled"
ACCOUNT_PURGED = _RISC + "account-purged"
CREDENTIAL_COMPROMISE = _RISC + "credential-compromise"
RECOVERY_ACTIVATED = _RISC + "recovery-activated"
ENTITY_STATUS, ENTITY_KEYS = "entity-status-change", "entity-keys-changed"
"""No specification has these: their names begin with the node that sends them, see ``own``."""
LEVELS = "/ns/ial"
"""The scale of identity levels, likewise."""
STANDARD = (
    SESSION_REVOKED,
    CREDENTIAL_CHANGE,
    LEVEL_CHANGE,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    CREDENTIAL_COMPROMISE,
    RECOVERY_ACTIVATED,
)
OLDEST, EARLY = 7 * 24 * 3600, 300
"""Seconds behind us, and ahead of us, that an event may be dated."""
LONGEST = 16 * 1024
_MOST_TEXT = 255


class InvalidSet(Exception):
    """What came is not to be believed; ``err`` is a code of RFC 8935 §2.4."""

    def __init__(self, err: str, description: str):
        super().__init__(f"{err}: {description}")
        self.err, self.description = err, description


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, as its issuer has signed it."""

    issuer: str
    jti: str
    at: float
    """When it happened, in seconds."""
    type: str
    subject: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def user(self) -> str:
        """The issuer's own name for the person it is about; "" for nobody of its own."""
        found = self.subject.get("user") if self._complex else self.subject
        if not isinstance(found, Mapping) or found.get("format") != "iss_sub":
            return ""
        return _text(found.get("sub")) if found.get("iss") == self.issuer else ""

    @property
    def session(self) -> str:
        """The one session it is about; "" for all."""
        found = self.subject.get("session") if self._complex else None
        return _text(found.get("id")) if isinstance(found, Mapping) else ""

    @property
    def entity(self) -> str:
        """The entity it is about (own events)."""
        return _text(self.subject.get("uri")) if self.subject.get("format") == "uri" else ""

    @property
    def _complex(self) -> bool:
        return self.subject.get("format") == "complex"


def own(issuer: str, name: str) -> str:
    """The type of an event of ours, as ``issuer`` names it."""
    return f"{issuer}/secevent/event-type/{name}"


def supported(issuer: str) -> list[str]:
    return [*STANDARD, own(issuer, ENTITY_STATUS), own(issuer, ENTITY_KEYS)]


def user(issuer: str, sub: str) -> dict[str, Any]:
    """A person, by the name the receiver knows them by (RFC 9493 §3.2.3)."""
    return {"format": "iss_sub", "iss": issuer, "sub": sub}


def session(issuer: str, sub: str, sid: str) -> dict[str, Any]:
    """One session of a person (SSF §3.2)."""
    return {
        "format": "complex",
        "user": user(issuer, sub),
        "session": {"format": "opaque", "id": sid},
    }


def signed(claims: Mapping[str, Any], alg: str, key: Any) -> str:
    header = {"typ": TYP, "alg": alg, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(claims), key, algorithms=[alg])


def issuer_of(token: str) -> str:
    """Who says they wrote it; believed once it is verified. Raises InvalidSet."""
    if len(token) > LONGEST:
        raise InvalidSet("invalid_request", "too long")
    try:
        claims = strict.loads(strict.decode(token.split(".")[1]))
    except (ValueError, IndexError):
        raise InvalidSet("invalid_request", "not a JWT") from None
    found = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(found, str) or not found:
        raise InvalidSet("invalid_issuer", "iss is missing")
    return found


def verified(token: str, keys: KeySet) -> dict[str, Any]:
    """What it says, by one of the keys of who says it. Raises InvalidSet; KeyError for a key that
    is not among them.
    """
    try:
        header = strict.header(token)
        if header.get("typ") != TYP or header.get("alg") not in ALGORITHMS or "crit" in header:
            raise InvalidSet("invalid_request", "typ, alg or crit")
        named = [key for key in keys.keys if key.kid == header.get("kid")]
        if not named:
            raise KeyError(header.get("kid"))
        payload = jws.deserialize_compact(token, named[0], algorithms=[header["alg"]]).payload
        claims = strict.loads(payload)
    except (JoseError, ValueError):
        raise InvalidSet("invalid_key", "the signature is not good") from None
    if not isinstance(claims, dict):
        raise InvalidSet("invalid_request", "not an object")
    return claims


def read(claims: Mapping[str, Any], issuer: str, audience: str, moment: float) -> Heard:
    """The one event in what was verified; when it happened is ``toe``, where it is said (RFC 8417
    §2.2). Raises InvalidSet.
    """
    if claims.get("iss") != issuer:
        raise InvalidSet("invalid_issuer", "iss")
    if claims.get("aud") not in (audience, [audience]):
        raise InvalidSet("invalid_audience", "aud")
    if "sub" in claims or "exp" in claims:  # §4.1.3, §4.1.4: it is no token of another kind
        raise InvalidSet("invalid_request", "sub and exp do not belong here")
    jti, issued = _text(claims.get("jti")), _number(claims.get("iat"))
    happened = _number(claims.get("toe", issued))
    if not jti or issued is None or happened is None:
        raise InvalidSet("invalid_request", "jti, iat or toe")
    if not all(moment - OLDEST < each < moment + EARLY for each in (issued, happened)):
        raise InvalidSet("invalid_request", "iat or toe is too far from now")
    events, subject = claims.get("events"), claims.get("sub_id")
    if not isinstance(events, dict) or len(events) != 1:
        raise InvalidSet("invalid_request", "events")
    ((type_, body),) = events.items()
    if not isinstance(body, dict) or not isinstance(subject, dict):
        raise InvalidSet("invalid_request", "events or sub_id")
    return Heard(issuer, jti, happened, type_, subject, body)


def _number(value: object) -> float | None:
    """A NumericDate (RFC 7519 §2): fractions tell which of two came first."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _MOST_TEXT else ""
