"""The trust anchors an operator configured, with the keys that came another way, and our pins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.federation import entity_ids, jwks, strict
from idp.federation.chains import Anchor
from idp.federation.constraints import Constraints
from idp.federation.entity_ids import EntityId
from idp.federation.errors import FederationError
from idp.federation.jwks import Keys
from idp.federation.rules import Rules
from idp.settings import Anchor as AnchorSettings
from idp.settings import Pin, Settings, SettingsError

INTEROP = frozenset({"constraints", "trust_marks"})
"""What peers under an interop anchor are known to put where it does not belong."""


def rules(settings: Settings) -> Rules:
    """How statements are read. Leniency counts only where some anchor needs it, and only in chains
    that lead to such a one.
    """
    lenient = any(not anchor.strict for anchor in settings.federation.anchors)
    return Rules(
        allow_loopback=settings.development.allow_loopback,
        tolerated=INTEROP if lenient else frozenset(),
    )


def configured(settings: Settings) -> dict[EntityId, Anchor]:
    """By entity identifier. Raises SettingsError for a file that is no JWK Set of strong keys."""
    found = {}
    for each in settings.federation.anchors:
        try:
            entity_id = entity_ids.parse(each.entity_id, rules(settings))
            tolerated = frozenset() if each.strict else INTEROP
            found[entity_id] = Anchor(
                entity_id, keys_in(each.keys), _pins(each, settings), tolerated
            )
        except FederationError as error:
            raise SettingsError(f"federation.anchors: {each.entity_id}: {error}") from None
    return found


def interop(settings: Settings) -> frozenset[str]:
    """The anchors below which the four leniencies hold."""
    return frozenset(each.entity_id for each in settings.federation.anchors if not each.strict)


def read_keys(path: Path) -> dict[str, Any]:
    """A public JWK Set. Raises SettingsError."""
    try:
        found: dict[str, Any] = strict.loads(path.read_bytes())
        jwks.parse(found)
    except (OSError, ValueError, FederationError) as error:
        raise SettingsError(f"{path}: {error}") from None
    return found


def keys_in(path: Path) -> Keys:
    return jwks.parse(read_keys(path))


def _pins(anchor: AnchorSettings, settings: Settings) -> Mapping[EntityId, Constraints]:
    return {entity_ids.parse(pin.below, rules(settings)): _pin(pin) for pin in anchor.pins}


def _pin(pin: Pin) -> Constraints:
    types = pin.allowed_entity_types
    return Constraints(
        max_path_length=pin.max_path_length,
        permitted=pin.permitted,
        excluded=pin.excluded,
        allowed_entity_types=None if types is None else frozenset(types),
    )
