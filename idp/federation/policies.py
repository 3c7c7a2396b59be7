"""Metadata policies: what superiors demand of a subject's metadata (OpenID Federation §6.1).

A policy has three levels: entity type, parameter, operator. Policies are merged from the trust
anchor's downwards and only ever get narrower; whatever is not allowed is a ``PolicyError``.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

from idp.federation import operators
from idp.federation.errors import PolicyError
from idp.federation.operators import ABSENT, OPERATORS, STANDARD, Operator

Operands = Mapping[str, Any]
Policy = Mapping[str, Mapping[str, Operands]]
Metadata = Mapping[str, Mapping[str, Any]]

NONE: Policy = {}

_SCOPE = "scope"
"""A string of words that policies see as a list of them."""


def parse(claim: object) -> Policy:
    """A ``metadata_policy`` claim; operators nobody called critical and we do not know drop out."""
    return {
        entity_type: {
            parameter: _operands(policy, parameter, f"{entity_type}.{parameter}")
            for parameter, policy in _object(parameters, entity_type).items()
        }
        for entity_type, parameters in _object(claim, "metadata_policy").items()
    }


def parse_critical(claim: object) -> None:
    """``metadata_policy_crit``: we know the standard operators only, and they are never in it."""
    if not isinstance(claim, list) or not claim:
        raise PolicyError("metadata_policy_crit")
    for name in claim:
        if not isinstance(name, str) or name in STANDARD:
            raise PolicyError("metadata_policy_crit")
        raise PolicyError("critical", name)


def merge(superior: Policy, subordinate: Policy) -> Policy:
    """The policy that holds where both do; associative, so a chain may be merged step by step."""
    return {
        entity_type: _merge_parameters(
            superior.get(entity_type, {}), subordinate.get(entity_type, {}), entity_type
        )
        for entity_type in {**superior, **subordinate}
    }


def merge_all(policies: Iterable[Policy]) -> Policy:
    """``policies`` from the trust anchor's downwards."""
    return reduce(merge, policies, NONE)


def apply(policy: Policy, metadata: Metadata) -> Metadata:
    """Metadata as it is under the policy, for the entity types that are there."""
    return {
        entity_type: _apply_parameters(policy.get(entity_type, {}), parameters, entity_type)
        for entity_type, parameters in metadata.items()
    }


def _operands(value: object, parameter: str, about: str) -> Operands:
    policy = _object(value, about)
    known = [operator for operator in OPERATORS if operator.name in policy]
    operands = {one.name: _operand(one, policy[one.name], parameter, about) for one in known}
    operators.check(operands, about)
    return operands


def _operand(operator: Operator, value: Any, parameter: str, about: str) -> Any:
    if parameter == _SCOPE and operator.name in ("value", "default") and isinstance(value, str):
        value = _words(value)
    if not operator.takes(value):
        raise PolicyError("operator-type", f"{about}.{operator.name}")
    return value


def _merge_parameters(
    superior: Mapping[str, Operands], subordinate: Mapping[str, Operands], entity_type: str
) -> Mapping[str, Operands]:
    return {
        parameter: _merge_operands(
            superior.get(parameter, {}),
            subordinate.get(parameter, {}),
            f"{entity_type}.{parameter}",
        )
        for parameter in {**superior, **subordinate}
    }


def _merge_operands(superior: Operands, subordinate: Operands, about: str) -> Operands:
    merged = {**subordinate, **superior}
    for operator in OPERATORS:
        if operator.name in superior and operator.name in subordinate:
            with _about(f"{about}.{operator.name}"):
                merged[operator.name] = operator.merge(
                    superior[operator.name], subordinate[operator.name]
                )
    operators.check(merged, about)
    return merged


def _apply_parameters(
    policies: Mapping[str, Operands], parameters: Mapping[str, Any], entity_type: str
) -> Mapping[str, Any]:
    applied = dict(parameters)
    for parameter, operands in policies.items():
        value = _apply_operands(
            operands, _seen(parameter, parameters), f"{entity_type}.{parameter}"
        )
        if value is ABSENT:
            applied.pop(parameter, None)
        else:
            applied[parameter] = _written(parameter, value)
    return applied


def _apply_operands(operands: Operands, value: Any, about: str) -> Any:
    for operator in OPERATORS:
        if operator.name in operands:
            with _about(f"{about}.{operator.name}"):
                value = operator.act(operands[operator.name], value)
    return value


def _seen(parameter: str, parameters: Mapping[str, Any]) -> Any:
    value = parameters.get(parameter, ABSENT)
    return _words(value) if parameter == _SCOPE and isinstance(value, str) else value


def _written(parameter: str, value: Any) -> Any:
    return " ".join(value) if parameter == _SCOPE and isinstance(value, list) else value


def _words(text: str) -> list[str]:
    return [word for word in text.split(" ") if word]


def _object(value: object, about: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError("form", about)
    return value


@contextmanager
def _about(place: str) -> Iterator[None]:
    try:
        yield
    except PolicyError as error:
        raise PolicyError(error.reason, place) from error
