"""What a verifier of organisations is: three ways to show that one exists, and who acts for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol, Self

from idp.organisations.uscc import CreditCode
from idp.outbound import Outbound
from idp.outcomes import Outcome
from idp.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """``reference`` is the service's own number of this question, ``code`` what it said."""

    outcome: Outcome
    reference: str = ""
    code: str = ""


class Verifier(Protocol):
    """The contract; it knows no Flask, and keeps nothing between two organisations."""

    name: ClassVar[str]
    method: ClassVar[str]
    """What it shows: ``register``, ``licence``, ``transfer``."""

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        """Raises SettingsError when the verifier's table is missing."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says of an organisation: the four factors."""

    name: str
    code: CreditCode
    legal_person: str
    legal_person_number: str


class Register(Verifier, Protocol):
    """Compares what is stated with the register, at once."""

    def check(self, statement: Statement, reference: str) -> Answer:
        """Never raises. ``reference``: ours, at most 32 letters and digits."""


class Scan(Enum):
    """How far somebody with a phone has come."""

    WAIT = "WAIT"
    SCANNED = "SCANNED"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class Role(Enum):
    """What the licence lets its holder be."""

    LEGAL_PERSON = "legal_person"
    ADMINISTRATOR = "administrator"
    CLERK = "clerk"


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture for a phone to scan: ``content`` is what it says, ``id`` what it is asked by."""

    id: str
    content: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """``code`` opens the licence once, when the scan was confirmed; "" before."""

    scan: Scan
    code: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """What an e-business licence says: the organisation, and who holds the licence in hand."""

    code: CreditCode
    name: str
    legal_person: str
    holder: str
    holder_number: str
    """Of the holder's document, as far as the licence system shows it."""
    role: Role


class LicenceReader(Verifier, Protocol):
    """Lets somebody show an e-business licence from their phone. Nothing here raises."""

    def show(self) -> Shown | Answer:
        """A new picture; an answer says why there is none."""

    def look(self, shown: str) -> Seen | Answer:
        """How far it has come, by the picture's id."""

    def read(self, code: str) -> Licence | Answer:
        """What was shown; a code opens once."""


class Payment(Enum):
    """How far a small amount has come."""

    CREATED = "CREATED"
    TRANSFERRED = "TRANSFERRED"
    BANK_REJECTED = "BANK_REJECTED"
    VERIFIED = "VERIFIED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Payee:
    """A corporate account: in whose name, its number, and the bank's (联行号)."""

    name: str
    account: str
    bank: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment on its way; who pays knows the amount, and counts who guesses it."""

    id: str
    payment: Payment
    tries_left: int


class Transfers(Verifier, Protocol):
    """Pays a small random amount to an account; who reads it there, keeps its books. Nothing here
    raises.
    """

    def pay(self, payee: Payee, reference: str) -> Paid | Answer:
        """``reference``: ours, at most 32 letters and digits."""

    def look(self, paid: str) -> Paid | Answer:
        """How far it has come, by the payment's id."""

    def confirm(self, paid: str, fen: int) -> Paid | Answer:
        """Whether ``fen`` is what arrived; only VERIFIED says so."""
