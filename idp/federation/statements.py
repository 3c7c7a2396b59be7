"""Entity configurations and subordinate statements: reading, checking and making one (§3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc.jwk import Key

from idp.federation import constraints, entity_ids, jwks, metadata, policies, signed, times
from idp.federation.constraints import Constraints
from idp.federation.entity_ids import EntityId
from idp.federation.errors import FederationError, InvalidStatement
from idp.federation.jwks import Keys
from idp.federation.policies import Metadata, Policy
from idp.federation.rules import STRICT, Rules
from idp.federation.signed import Signed, Typ
from idp.federation.times import Lifetime

CONFIGURATION_ONLY = frozenset(
    {
        "authority_hints",
        "trust_anchor_hints",
        "trust_marks",
        "trust_mark_issuers",
        "trust_mark_owners",
    }
)
SUBORDINATE_ONLY = frozenset(
    {"constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint"}
)
REGISTRATION_ONLY = frozenset({"aud", "trust_anchor"})
_ANYWHERE = frozenset({"iss", "sub", "iat", "exp", "jwks", "metadata", "crit"})
DEFINED = _ANYWHERE | CONFIGURATION_ONLY | SUBORDINATE_ONLY | REGISTRATION_ONLY


@dataclass(frozen=True, slots=True)
class Statement:
    """What ``iss`` says of ``sub``: well formed, but neither timely nor signed until checked."""

    signed: Signed
    iss: EntityId
    sub: EntityId
    lifetime: Lifetime
    keys: Keys
    metadata: Metadata
    constraints: Constraints
    policy: Policy
    authority_hints: tuple[EntityId, ...]

    @property
    def token(self) -> str:
        return self.signed.token

    @property
    def claims(self) -> Mapping[str, Any]:
        return self.signed.claims

    @property
    def is_configuration(self) -> bool:
        return self.iss == self.sub


def parse(token: object, rules: Rules = STRICT, *, addressed: bool = False) -> Statement:
    """Every rule that needs neither the time nor another statement.

    ``addressed``: it was made for one receiver, who has to look whether that is who reads it.
    """
    if isinstance(token, str) and len(token) <= rules.max_size:
        return _parsed(token, rules, addressed=addressed)
    return _read(token, rules, addressed=addressed)


@lru_cache(maxsize=256)
def _parsed(token: str, rules: Rules, *, addressed: bool) -> Statement:
    """What superiors say of themselves stands in thousands of chains: it is read once."""
    return _read(token, rules, addressed=addressed)


def _read(token: object, rules: Rules, *, addressed: bool) -> Statement:
    read = signed.read(token, Typ.ENTITY_STATEMENT, rules)
    claims = read.claims
    iss, sub = (_identifier(claims.get(name), name, rules) for name in ("iss", "sub"))
    elsewhere = _elsewhere(configuration=iss == sub)
    _check_placement(claims, elsewhere - rules.tolerated, addressed=addressed)
    check_crit(claims, rules)
    placed = {name: value for name, value in claims.items() if name not in elsewhere}
    for name, check in _SYNTAX.items():
        if name in placed:
            check(placed[name], name, rules)
    described = metadata.parse(claims.get("metadata", {}), rules)
    metadata.check_issuer(described, sub)
    return Statement(
        signed=read,
        iss=iss,
        sub=sub,
        lifetime=times.parse(claims, InvalidStatement),
        keys=jwks.parse(claims.get("jwks")),
        metadata=described,
        constraints=constraints.parse(placed.get("constraints", {})),
        policy=policies.parse(placed.get("metadata_policy", {})),
        authority_hints=tuple(placed.get("authority_hints", ())),
    )


def check_now(statement: Statement, now: float, rules: Rules = STRICT) -> None:
    statement.lifetime.check(now, rules, InvalidStatement)


def check_placed(statement: Statement, tolerated: frozenset[str]) -> None:
    """What was passed over in reading it may be more than its anchor's profile lets pass."""
    elsewhere = _elsewhere(configuration=statement.is_configuration) - tolerated
    for name in statement.claims:
        if name in elsewhere:
            raise InvalidStatement("misplaced", name)


def verify_configuration(statement: Statement) -> None:
    """An entity configuration stands on its own keys; only a chain makes it trusted."""
    if not statement.is_configuration:
        raise InvalidStatement("configuration")
    signed.verify(statement.signed, statement.keys.find(statement.signed.kid, statement.signed.alg))


def make(claims: Mapping[str, Any], key: Key, rules: Rules = STRICT) -> str:
    """Signs a statement, and never one that we would refuse from somebody else."""
    token = signed.sign(claims, Typ.ENTITY_STATEMENT, key)
    parse(token, rules)
    return token


def check_crit(claims: Mapping[str, Any], rules: Rules) -> None:
    """Claims beyond the specification that the issuer wants understood or the whole refused."""
    if "crit" not in claims:
        return
    names = claims["crit"]
    if not isinstance(names, list) or not names:
        raise InvalidStatement("crit")
    for name in names:
        if not isinstance(name, str) or name in DEFINED or name not in rules.understood:
            raise InvalidStatement("crit", str(name))


def _identifier(value: object, about: str, rules: Rules) -> EntityId:
    try:
        return entity_ids.parse(value, rules)
    except FederationError as error:
        raise InvalidStatement(about, error.reason) from error


def _elsewhere(*, configuration: bool) -> frozenset[str]:
    """The claims that belong into the other kind of statement."""
    return SUBORDINATE_ONLY if configuration else CONFIGURATION_ONLY


def _check_placement(
    claims: Mapping[str, Any], elsewhere: frozenset[str], *, addressed: bool
) -> None:
    for name in claims:
        if name in elsewhere or (name in REGISTRATION_ONLY and not (addressed and name == "aud")):
            raise InvalidStatement("misplaced", name)


def _some_identifiers(value: object, about: str, rules: Rules) -> None:
    if value == []:
        raise InvalidStatement(about, "empty")
    _identifiers(value, about, rules)


def _identifiers(value: object, about: str, rules: Rules) -> None:
    if not isinstance(value, list):
        raise InvalidStatement(about)
    for one in value:
        _identifier(one, about, rules)


def _trust_marks(value: object, about: str, rules: Rules) -> None:
    if not isinstance(value, list):
        raise InvalidStatement(about)
    for one in value:
        named = one.get("trust_mark_type") if isinstance(one, dict) else None
        if not isinstance(named, str):
            raise InvalidStatement(about, "trust_mark_type")
        if signed.peek(one.get("trust_mark"), rules).get("trust_mark_type") != named:
            raise InvalidStatement(about, named)


def _issuers(value: object, about: str, rules: Rules) -> None:
    for listed in _members(value, about).values():
        _identifiers(listed, about, rules)


def _owners(value: object, about: str, rules: Rules) -> None:
    for owner in _members(value, about).values():
        found = _members(owner, about)
        _identifier(found.get("sub"), about, rules)
        jwks.parse(found.get("jwks"))


def _endpoint(value: object, _about: str, rules: Rules) -> None:
    metadata.endpoint(value, rules)


def _critical_operators(value: object, _about: str, _rules: Rules) -> None:
    policies.parse_critical(value)


def _members(value: object, about: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidStatement(about)
    return value


_SYNTAX: Mapping[str, Callable[[object, str, Rules], None]] = {
    "authority_hints": _some_identifiers,
    "trust_anchor_hints": _some_identifiers,
    "trust_marks": _trust_marks,
    "trust_mark_issuers": _issuers,
    "trust_mark_owners": _owners,
    "source_endpoint": _endpoint,
    "metadata_policy_crit": _critical_operators,
}
