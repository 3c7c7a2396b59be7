"""What a superior's ``constraints`` allow below it; our own pins have the same form (§6.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from idp.federation import entity_ids
from idp.federation.entity_ids import EntityId
from idp.federation.errors import ConstraintViolated, InvalidStatement

FEDERATION_ENTITY = "federation_entity"


@dataclass(frozen=True, slots=True)
class Constraints:
    max_path_length: int | None = None
    """Intermediates between who sets this and the subject of the chain."""
    permitted: tuple[str, ...] | None = None
    """Hosts, or domains with a leading dot; none permits every name, an empty one permits none."""
    excluded: tuple[str, ...] = ()
    allowed_entity_types: frozenset[str] | None = None

    def check(self, below: Sequence[EntityId]) -> None:
        """``below``: every entity under who sets this, from the subject of the chain upwards."""
        intermediates = len(below) - 1
        if self.max_path_length is not None and intermediates > self.max_path_length:
            raise ConstraintViolated("max_path_length")
        for entity_id in below:
            if not self._names(entity_ids.host(entity_id)):
                raise ConstraintViolated("naming_constraints", entity_id)

    def keeps(self, entity_type: str) -> bool:
        allowed = self.allowed_entity_types
        return allowed is None or entity_type in allowed or entity_type == FEDERATION_ENTITY

    def _names(self, host: str) -> bool:
        if self.permitted is None and not self.excluded:
            return True
        if entity_ids.is_address(host):  # has no name that could be tested (RFC 5280 §4.2.1.10)
            return False
        if any(_within(host, name) for name in self.excluded):
            return False
        return self.permitted is None or any(_within(host, name) for name in self.permitted)


FREE = Constraints()


def parse(claim: object) -> Constraints:
    """Members we do not know are ignored, as the specification wants."""
    if not isinstance(claim, dict):
        raise InvalidStatement("constraints")
    naming = claim.get("naming_constraints", {})
    if not isinstance(naming, dict):
        raise InvalidStatement("constraints", "naming_constraints")
    return Constraints(
        _length(claim),
        _domains(naming, "permitted"),
        _domains(naming, "excluded") or (),
        _types(claim),
    )


def _length(claim: dict[str, Any]) -> int | None:
    if "max_path_length" not in claim:
        return None
    length = claim["max_path_length"]
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise InvalidStatement("constraints", "max_path_length")
    return length


def _domains(naming: dict[str, Any], member: str) -> tuple[str, ...] | None:
    if member not in naming:
        return None
    names = naming[member]
    if not isinstance(names, list) or not all(map(_is_domain, names)):
        raise InvalidStatement("constraints", member)
    return tuple(name.lower() for name in names)


def _types(claim: dict[str, Any]) -> frozenset[str] | None:
    if "allowed_entity_types" not in claim:
        return None
    types = claim["allowed_entity_types"]
    if not isinstance(types, list) or not all(isinstance(name, str) for name in types):
        raise InvalidStatement("constraints", "allowed_entity_types")
    if FEDERATION_ENTITY in types:  # always allowed, so naming it shows a misunderstanding
        raise InvalidStatement("constraints", "allowed_entity_types")
    return frozenset(types)


def kept(entity_types: Collection[str], along: Sequence[Constraints]) -> list[str]:
    """The entity types that every superior on the chain allows."""
    return [name for name in entity_types if all(one.keeps(name) for one in along)]


def _is_domain(name: object) -> bool:
    return isinstance(name, str) and entity_ids.is_name(name.removeprefix("."))


def _within(host: str, name: str) -> bool:
    """A domain with its leading dot holds what is below it, and not itself."""
    return host.endswith(name) and host != name if name.startswith(".") else host == name
