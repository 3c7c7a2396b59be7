"""An ID token of another node: decrypted, verified, and read (OIDC Core §3.1.3.7)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from idp.assurance import TABLE, Level
from idp.broker import asking
from idp.broker.asking import Question
from idp.federation import strict

ALGORITHMS = ("ES256", "PS256", "RS256")
_TYPES = (None, "JWT")
"""A logout token, a statement or a security event is no answer to this."""
_SKEW = 60
_LONGEST, _LONGEST_LETTER = 255, 8192
_WORD, _MANY = 32, 8
"""Letters of a method's name, and methods, that are listened to."""
FRAMEWORK: str = TABLE["trust_framework"]["name"]
_FRESH = frozenset({"login", "select_account"})
_JWE = jwe.JWERegistry(algorithms=["ECDH-ES", "ECDH-ES+A256KW", "A256GCM", "A128GCM"])


class Wrong(Exception):
    """The answer breaks a rule, named in a word or two."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What another node says of a person, not yet weighed."""

    issuer: str
    subject: str
    authority: str
    """The node that has seen the person: the issuer, or whom it asked in its turn."""
    level: Level
    auth_time: int
    amr: tuple[str, ...]
    sid: str
    link: str
    """A letter of the linking service's; "" where there is none."""
    verified: Mapping[str, str]
    """Verified claims by name, under our trust framework; empty where it is sure of none."""


def opened(token: str, private: Callable[[str], Any]) -> str:
    """The signed token inside, by a key of ours (RFC 7519 §11.2). Raises Wrong."""
    try:
        header = strict.header(token)
        key = private(str(header.get("kid", "")))
        if key is None or header.get("cty") != "JWT":
            raise Wrong("not encrypted to a key of ours")
        plain = jwe.decrypt_compact(token, key, registry=_JWE).plaintext
        return (plain or b"").decode("ascii")
    except (JoseError, ValueError, KeyError) as error:
        raise Wrong("cannot be decrypted") from error


def verified(token: str, keys: KeySet) -> Mapping[str, Any]:
    """The claims, signed by one of ``keys``. Raises Wrong, or KeyError for an unknown key."""
    try:
        header = strict.header(token)
    except ValueError as error:
        raise Wrong("not readable") from error
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in ALGORITHMS or header.get("typ") not in _TYPES or "crit" in header:
        raise Wrong("another algorithm or type")
    key = _key(keys, kid)
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[str(alg)]).payload
        claims = strict.loads(payload)
    except (JoseError, ValueError) as error:
        raise Wrong("signature") from error
    if not isinstance(claims, dict):
        raise Wrong("not readable")
    return claims


def read(
    claims: Mapping[str, Any], question: Question, client_id: str, asked_at: float
) -> Assertion:
    """What it says, where it answers this very question. Raises Wrong."""
    now = time.time()
    _check(claims.get("iss") == question.entity, "iss")
    _check(claims.get("aud") in (client_id, [client_id]), "aud")
    _check(claims.get("azp", client_id) == client_id, "azp")
    _check(claims.get("nonce") == question.nonce, "nonce")
    exp, iat, auth_time = (_time(claims.get(name)) for name in ("exp", "iat", "auth_time"))
    _check(exp > now - _SKEW, "expired")
    _check(asked_at - _SKEW <= iat <= now + _SKEW, "iat")
    _check(auth_time <= now + _SKEW, "auth_time")
    if question.prompt in _FRESH or question.max_age is not None:
        _check(auth_time >= asked_at - (question.max_age or 0) - _SKEW, "too old")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST:
        raise Wrong("sub")
    level = Level.parse(str(claims.get("acr", ""))) or Level(1, 1)
    ceiling = Level.parse(str(claims.get(asking.CEILING, level.acr))) or Level(1, 1)
    return Assertion(
        issuer=question.entity,
        subject=subject,
        authority=_text(claims.get(asking.AUTHORITY)) or question.entity,
        level=least(level, ceiling),
        auth_time=int(min(auth_time, now)),
        amr=_methods(claims.get("amr")),
        sid=_text(claims.get("sid")),
        link=_letter(claims.get(asking.LINK)),
        verified=_verified_claims(claims.get("verified_claims")),
    )


def least(*levels: Level) -> Level:
    """What all of them together allow: nobody on the way raises a level."""
    return Level(min(each.ial for each in levels), min(each.aal for each in levels))


def _letter(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_LETTER else ""


def _methods(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(each for each in listed if isinstance(each, str) and len(each) <= _WORD)[:_MANY]


def _verified_claims(value: object) -> dict[str, str]:
    """Of one element, in the form that is published and under the framework we know; anything else
    is as if it were absent (IDA §5.7).
    """
    if not isinstance(value, dict) or value.keys() != {"verification", "claims"}:
        return {}
    verification, claims = value["verification"], value["claims"]
    if not isinstance(verification, dict) or not isinstance(claims, dict):
        return {}
    if verification.get("trust_framework") != FRAMEWORK:
        return {}
    found = ((name, claims.get(name)) for name in asking.VERIFIED["claims"])
    return {name: _text(each) for name, each in found if _text(each)}


def _key(keys: KeySet, kid: object) -> Key:
    for key in keys.keys:
        if kid == key.kid and key.get("use") in (None, "sig"):
            return key
    raise KeyError(kid)


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("times")
    return float(value)


def _check(holds: bool, reason: str) -> None:
    if not holds:
        raise Wrong(reason)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""
