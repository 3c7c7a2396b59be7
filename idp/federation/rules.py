"""What this node insists on, or is lenient about, whenever it reads what others signed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    allow_loopback: bool = False
    """Whether ``http`` identifiers of loopback names are entities: only on such a node itself."""
    leeway: int = 60
    """Seconds by which the clocks of two entities may differ."""
    understood: frozenset[str] = frozenset()
    """Names beyond the specification's that may stand in ``crit``."""
    tolerated: frozenset[str] = frozenset()
    """Claims that a peer is known to put where they do not belong: they are passed over in reading,
    and refused in a chain whose anchor does not tolerate them.
    """
    max_size: int = 256 * 1024
    """Characters of one signed JWT."""
    max_length: int = 10
    """Statements in one chain."""


STRICT = Rules()
