"""What a sign-in method is: it asks for a proof, judges it, and says whose it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from idp.interactions import Interaction
from idp.services import Services
from idp.store.accounts import Account
from idp.web.people import Here


@dataclass(frozen=True, slots=True)
class Attempt:
    """One form, from one browser at one address."""

    interaction: Interaction
    form: Mapping[str, str]
    here: Here


@dataclass(frozen=True, slots=True)
class Proved:
    """Somebody is this account."""

    account: Account
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewNumber:
    """Somebody holds a number that belongs to no account."""

    number: str


@dataclass(frozen=True, slots=True)
class UnprovenNumber:
    """Somebody holds a number whose account has not proven it for long: maybe it moved on."""

    number: str
    account: Account
    carrier: str
    """What the carrier said of it (``carrier.base.Answer``)."""


Outcome = Proved | NewNumber | UnprovenNumber


class LoginMethod(ABC):
    """The contract. A method knows nothing of OAuth, of cookies or of the page that comes next."""

    name: ClassVar[str]
    label: ClassVar[str]
    amr: ClassVar[tuple[str, ...]]
    """RFC 8176 names; their kinds stand in ``config/levels.toml``."""
    opens: ClassVar[bool] = True
    """Whether a sign-in may begin with it, of somebody nobody has named yet."""
    joins: ClassVar[bool] = True
    """Whether what somebody brings along, another account here or one elsewhere, may be joined to
    the account it shows.
    """
    keeps: ClassVar[tuple[str, ...]] = ()
    """Fields shown again after a failure; never a secret."""
    guarded: ClassVar[str] = "finish"
    """The step before which risk may ask for a CAPTCHA: ``begin`` or ``finish``."""

    @classmethod
    @abstractmethod
    def from_services(cls, services: Services) -> Self: ...

    @property
    def works(self) -> bool:
        """Whether this node can do it at all."""
        return True

    def amr_for(self, account: Account) -> tuple[str, ...]:
        """The most that ``account`` can prove this way."""
        return self.amr

    @abstractmethod
    def offered_to(self, account: Account) -> bool:
        """Whether ``account`` can prove itself this way."""

    @abstractmethod
    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        """Why a CAPTCHA is due before the guarded step, in fixed words; empty where none is."""

    @abstractmethod
    def begin(self, attempt: Attempt) -> Interaction:
        """Ask for the proof; what the next page and ``finish`` need is noted."""

    @abstractmethod
    def page(self, interaction: Interaction) -> dict[str, Any]:
        """What the method's own template shows beside the fields."""

    @abstractmethod
    def finish(self, attempt: Attempt) -> Outcome:
        """Judge the proof. Raises an IdpError when it is not good."""
