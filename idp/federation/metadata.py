"""The metadata of an entity: its form, and how a chain's statements resolve it (§5, §6.1.4.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.federation import constraints, entity_ids, policies
from idp.federation.constraints import FEDERATION_ENTITY, Constraints
from idp.federation.entity_ids import EntityId
from idp.federation.errors import InvalidIdentifier, InvalidMetadata
from idp.federation.policies import Metadata, Policy
from idp.federation.rules import STRICT, Rules

_KEYS = ("jwks", "jwks_uri", "signed_jwks_uri")
FROM_THE_ENTITY_ALONE = (
    "federation_fetch_endpoint",
    "federation_list_endpoint",
    "federation_trust_mark_status_endpoint",
)
"""Needed before anything a superior says of metadata can be applied."""


def parse(claim: object, rules: Rules = STRICT) -> Metadata:
    if not isinstance(claim, dict):
        raise InvalidMetadata("form")
    for entity_type, parameters in claim.items():
        if not isinstance(parameters, dict):
            raise InvalidMetadata("form", entity_type)
        for name, value in parameters.items():
            if value is None:
                raise InvalidMetadata("null", f"{entity_type}.{name}")
    _check_federation_entity(claim.get(FEDERATION_ENTITY, {}), rules)
    return claim


def check_issuer(metadata: Metadata, subject: EntityId) -> None:
    """An OpenID provider's ``issuer`` is its entity identifier, or mix-ups begin (§5.1.3)."""
    if metadata.get("openid_provider", {}).get("issuer", subject) != subject:
        raise InvalidMetadata("issuer", subject)


def resolve(
    own: Metadata, superior: Metadata, along: Sequence[Constraints], policy: Policy
) -> Metadata:
    """Own metadata, then the immediate superior's, then allowed types, then the merged policy."""
    vouched = {name: {**own[name], **_overrides(superior, name)} for name in own}
    kept = {name: vouched[name] for name in constraints.kept(vouched, along)}
    return policies.apply(policy, kept)


def endpoint(url: object, rules: Rules = STRICT) -> str:
    """The URL of an endpoint: like an entity identifier, but with a query if it likes."""
    try:
        entity_ids.parse(url.partition("?")[0] if isinstance(url, str) else url, rules)
    except InvalidIdentifier as error:
        raise InvalidMetadata("endpoint", error.reason) from error
    text = str(url)
    if not text.isprintable() or not text.isascii() or any(sign in text for sign in ' #"<>\\^`{|}'):
        raise InvalidMetadata("endpoint", "characters")
    return text


def _check_federation_entity(parameters: Mapping[str, Any], rules: Rules) -> None:
    for name, value in parameters.items():
        if name in _KEYS:  # keys of the federation stand in the statement, never in metadata
            raise InvalidMetadata("protocol-keys", name)
        if name.startswith("federation_") and name.endswith("_endpoint"):
            endpoint(value, rules)


def _overrides(superior: Metadata, entity_type: str) -> Mapping[str, Any]:
    overrides = superior.get(entity_type, {})
    if entity_type != FEDERATION_ENTITY:
        return overrides
    return {name: value for name, value in overrides.items() if name not in FROM_THE_ENTITY_ALONE}
