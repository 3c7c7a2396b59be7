"""How a question to a register ends, whether it is about a person or an organisation."""

from enum import Enum


class Outcome(Enum):
    """Only a match raises a level; each of the others has its own way on."""

    MATCH = "match"
    MISMATCH = "mismatch"
    """The register knows it and says otherwise: correct what was typed."""
    NO_RECORD = "no_record"
    """The register does not know it: soldiers, newcomers, new firms, whoever was renamed."""
    INVALID = "invalid"
    """The service would not take what was sent: a number it calls impossible."""
    RATE_LIMITED = "rate_limited"
    """Asked too often about this one, whoever asked."""
    UNAVAILABLE = "unavailable"
    """Nobody could say: nothing was decided, nothing is lost."""
