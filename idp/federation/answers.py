"""What federation endpoints answer, signed: resolved metadata, mark status, keys of the past (§8).

Each is read and checked here, and verified with the keys of its issuer, which a chain gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.federation import entity_ids, jwks, metadata, signed, times
from idp.federation.entity_ids import EntityId
from idp.federation.errors import InvalidAnswer, InvalidIdentifier
from idp.federation.jwks import Keys, PublicKey
from idp.federation.policies import Metadata
from idp.federation.rules import STRICT, Rules
from idp.federation.signed import Signed, Typ
from idp.federation.times import Lifetime
from idp.federation.trust_marks import Status

_HISTORY = 256
_REASONS = ("unspecified", "compromised", "superseded")


@dataclass(frozen=True, slots=True)
class ResolveResponse:
    """What a resolver found of ``sub``; its chain is there to be validated again."""

    signed: Signed
    iss: EntityId
    sub: EntityId
    lifetime: Lifetime
    metadata: Metadata
    trust_chain: Sequence[str]


@dataclass(frozen=True, slots=True)
class StatusResponse:
    signed: Signed
    iss: EntityId
    lifetime: Lifetime
    trust_mark: str
    status: Status


@dataclass(frozen=True, slots=True)
class PastKey:
    key: PublicKey
    lifetime: Lifetime
    revoked_at: float | None
    compromised: bool

    def counted(self, at: float) -> bool:
        """Whether a signature of that time counts; none does once the key was compromised."""
        if self.compromised or not self.lifetime.begins <= at < self.lifetime.ends:
            return False
        return self.revoked_at is None or at < self.revoked_at


@dataclass(frozen=True, slots=True)
class HistoricalKeys:
    signed: Signed
    iss: EntityId
    keys: Mapping[str, PastKey]
    """By ``kid``."""


def parse_resolve_response(
    token: object, audience: EntityId | None = None, rules: Rules = STRICT
) -> ResolveResponse:
    """``audience``: who asked, if it proved who it is; an answer for somebody else is refused."""
    read = signed.read(token, Typ.RESOLVE_RESPONSE, rules)
    claims = read.claims
    chain = claims.get("trust_chain")
    if not isinstance(chain, list) or not 0 < len(chain) <= rules.max_length:
        raise InvalidAnswer("trust_chain")
    if not all(isinstance(statement, str) for statement in chain):
        raise InvalidAnswer("trust_chain")
    if "aud" in claims and (audience is None or claims["aud"] != audience):
        raise InvalidAnswer("aud")
    return ResolveResponse(
        signed=read,
        iss=_identifier(claims, "iss", rules),
        sub=_identifier(claims, "sub", rules),
        lifetime=times.parse(claims, InvalidAnswer),
        metadata=metadata.parse(claims.get("metadata"), rules),
        trust_chain=tuple(chain),
    )


def parse_status(token: object, trust_mark: str, rules: Rules = STRICT) -> StatusResponse:
    """An answer about ``trust_mark`` and no other."""
    read = signed.read(token, Typ.TRUST_MARK_STATUS, rules)
    claims = read.claims
    if claims.get("trust_mark") != trust_mark:
        raise InvalidAnswer("trust_mark")
    if claims.get("status") not in list(Status):
        raise InvalidAnswer("status")
    return StatusResponse(
        signed=read,
        iss=_identifier(claims, "iss", rules),
        lifetime=times.parse(claims, InvalidAnswer, expires=False),
        trust_mark=trust_mark,
        status=Status(claims["status"]),
    )


def parse_historical_keys(token: object, rules: Rules = STRICT) -> HistoricalKeys:
    read = signed.read(token, Typ.JWK_SET, rules)
    times.parse(read.claims, InvalidAnswer, expires=False)
    keys = jwks.parse({"keys": read.claims.get("keys")}, most=_HISTORY)
    return HistoricalKeys(
        signed=read,
        iss=_identifier(read.claims, "iss", rules),
        keys={jwk["kid"]: _past(jwk, keys.by_kid[jwk["kid"]][0]) for jwk in read.claims["keys"]},
    )


def parse_signed_jwks(token: object, entity_id: EntityId, rules: Rules = STRICT) -> Signed:
    """A ``signed_jwks_uri``: protocol keys, vouched for by a federation key of their owner."""
    read = signed.read(token, Typ.JWK_SET, rules)
    for name in ("iss", "sub"):
        if read.claims.get(name) != entity_id:
            raise InvalidAnswer(name)
    jwks.parse({"keys": read.claims.get("keys")})
    return read


def verify(answer: Signed, keys: Keys) -> None:
    """``keys`` are those of the issuer's trust chain."""
    signed.verify(answer, keys.find(answer.kid, answer.alg))


def check_now(lifetime: Lifetime, now: float, rules: Rules = STRICT) -> None:
    lifetime.check(now, rules, InvalidAnswer)


def _past(jwk: Mapping[str, Any], key: PublicKey) -> PastKey:
    if "revoked" not in jwk:
        return PastKey(key, _span(jwk), None, compromised=False)
    revoked = jwk["revoked"]
    at = revoked.get("revoked_at") if isinstance(revoked, dict) else None
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise InvalidAnswer("revoked", jwk["kid"])
    reason = revoked.get("reason", "unspecified")
    if reason not in _REASONS:  # what nobody can read is taken for the worst
        reason = "compromised"
    return PastKey(key, _span(jwk), float(at), compromised=reason == "compromised")


def _span(jwk: Mapping[str, Any]) -> Lifetime:
    """A key has an end for certain, and a beginning if it says so."""
    return times.parse({"iat": 0, **jwk}, InvalidAnswer)


def _identifier(claims: Mapping[str, Any], name: str, rules: Rules) -> EntityId:
    try:
        return entity_ids.parse(claims.get(name), rules)
    except InvalidIdentifier as error:
        raise InvalidAnswer(name, error.reason) from error
