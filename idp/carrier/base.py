"""What a check of a number's history is, and how it answers."""

from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol, Self

from idp.outbound import Outbound
from idp.settings import Settings


class Answer(Enum):
    """Only KEPT lets a code alone open the account of who held the number then."""

    KEPT = "kept"
    REISSUED = "reissued"
    UNKNOWN = "unknown"
    """Nobody could say: not this number, not this often, or not now."""


class NumberCheck(Protocol):
    """One service that knows; it never raises, for a service that is away knows nothing."""

    name: ClassVar[str]

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self: ...

    def answer(self, number: str, since: datetime) -> Answer:
        """Of ``number`` (E.164) since ``since``."""
