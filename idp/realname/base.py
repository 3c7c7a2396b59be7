"""What a verifier is: it compares what a person states with a register, and says how that went."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from idp.outbound import Outbound
from idp.outcomes import Outcome
from idp.realname.documents import Document
from idp.settings import Settings


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of themselves; ``phone`` in E.164, ``bank_card`` in digits.

    Who shows a network credential says nothing: no name, and ``documents.UNSTATED``.
    """

    name: str
    document: Document
    phone: str = ""
    bank_card: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``reference`` is the service's own number of this check, ``code`` what it said."""

    outcome: Outcome
    reference: str = ""
    code: str = ""
    document: Document | None = None
    """Whose it was, where the service says so and the person did not."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the person's browser goes, and what the service calls this journey."""

    url: str
    token: str


class Verifier(Protocol):
    """The contract; it knows no Flask, and keeps nothing between two people."""

    name: ClassVar[str]
    method: ClassVar[str]
    """What is compared: one of those ``config/levels.toml`` says which level they reach."""
    documents: ClassVar[frozenset[str]]
    """Kinds of documents its register knows."""
    asks: ClassVar[tuple[str, ...]] = ()
    """What it needs beside name and document: ``phone``, ``bank_card``."""

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        """Raises SettingsError when the verifier's table is missing."""


class Check(Verifier, Protocol):
    """A verifier that answers at once."""

    def check(self, statement: Statement) -> Answer:
        """Never raises: who cannot be reached is an answer too."""


class Journey(Verifier, Protocol):
    """A verifier that wants to see the person: the browser goes there and comes back."""

    def begin(self, statement: Statement, reference: str, return_url: str) -> Begun | Answer:
        """``reference``: ours, at most 32 letters and digits; an answer says why it cannot be."""

    def finish(self, token: str, statement: Statement, brought: Mapping[str, str]) -> Answer | None:
        """How it went; None while the person has not finished there.

        ``token`` and ``statement`` are those it began with; a service that says whom it saw is
        held to it. ``brought`` is what stood in the address the browser came back by: anybody
        can write an address, so it is handed to the service, never believed.
        """


__all__ = [
    "Answer",
    "Begun",
    "Check",
    "Journey",
    "Outcome",
    "Statement",
    "Verifier",
]
