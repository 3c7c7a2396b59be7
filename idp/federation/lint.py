"""Keeps the statements we issue inside what every implementation we know reads alike.

The specification allows more, and our own validator follows it; but peers differ on the rest
(tests/federation/policy_cases.py names them), and a policy that two sides understand differently
is a hole. Each rule is a function; an empty answer means that the statement may be issued.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idp.federation import policies
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import PolicyError
from idp.federation.metadata import FROM_THE_ENTITY_ALONE
from idp.federation.policies import NONE, Operands, Policy


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    where: str


AGREED = frozenset({"value", "add", "one_of", "subset_of", "superset_of", "essential"})
"""Operators that do the same everywhere; ``default`` is skipped by some."""


def lint(claims: Mapping[str, Any], above: Policy = NONE) -> tuple[Finding, ...]:
    """What is wrong with a subordinate statement; ``above`` is its superiors' merged policy."""
    policy = claims.get("metadata_policy", {})
    try:
        policies.merge(above, policies.parse(policy))
    except PolicyError as error:
        return (*_in_statement(claims), Finding(error.reason, error.about))
    return (*_in_statement(claims), *_in_policy(policy, above))


def _in_statement(claims: Mapping[str, Any]) -> Iterator[Finding]:
    if "metadata_policy_crit" in claims:
        yield Finding("critical", "metadata_policy_crit")
    for name in claims.get("metadata", {}).get(FEDERATION_ENTITY, {}):
        if name in FROM_THE_ENTITY_ALONE:
            yield Finding("endpoint", name)


def _in_policy(policy: Policy, above: Policy) -> Iterator[Finding]:
    for entity_type, parameters in policy.items():
        if not parameters:
            yield Finding("empty", entity_type)
        for parameter, operands in parameters.items():
            touched = above.get(entity_type, {}).get(parameter, {})
            for rule, broken in RULES.items():
                if broken(operands, touched):
                    yield Finding(rule, f"{entity_type}.{parameter}")


def _not_agreed(operands: Operands, _above: Operands) -> bool:
    return not operands.keys() <= AGREED


def _value_not_alone(operands: Operands, _above: Operands) -> bool:
    return "value" in operands and len(operands) > 1


def _superset_not_equal(operands: Operands, _above: Operands) -> bool:
    """Some have it the wrong way round, which nobody sees while the two sets are the same."""
    if "superset_of" not in operands:
        return False
    return set(operands["superset_of"]) != set(operands.get("subset_of", ()))


def _nothing_left(operands: Operands, _above: Operands) -> bool:
    """An empty list, or no operator at all."""
    return not operands or any(value == [] for value in operands.values())


def _says_nothing(operands: Operands, _above: Operands) -> bool:
    return operands.get("essential") is False


def _second_authority(operands: Operands, above: Operands) -> bool:
    """One superior speaks of a parameter; one below may only make its ``subset_of`` narrower."""
    if not above:
        return False
    narrower = set(operands.get("subset_of", ())) <= set(above.get("subset_of", ()))
    return operands.keys() != {"subset_of"} or not narrower


RULES: Mapping[str, Callable[[Operands, Operands], bool]] = {
    "operator": _not_agreed,
    "value-alone": _value_not_alone,
    "superset-equal": _superset_not_equal,
    "empty": _nothing_left,
    "essential-false": _says_nothing,
    "one-authority": _second_authority,
}
