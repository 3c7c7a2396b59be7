"""The verifiers of organisations an operator has turned on, and the first that answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from idp.organisations.base import (
    Answer,
    LicenceReader,
    Paid,
    Payee,
    Register,
    Shown,
    Statement,
    Transfers,
)
from idp.organisations.verifiers import VERIFIERS
from idp.outbound import Outbound
from idp.outcomes import Outcome
from idp.settings import Settings, SettingsError

REGISTER, LICENCE, TRANSFER = "register", "licence", "transfer"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What a verifier answered, and which: who goes on with it asks the same one."""

    answer: T | Answer
    verifier: str


class Organisations:
    """The verifiers of this node; built once."""

    def __init__(self, settings: Settings, outbound: Outbound):
        names = settings.organisations.verifiers
        if unknown := [name for name in names if name not in VERIFIERS]:
            known = ", ".join(VERIFIERS)
            raise SettingsError(f"organisations.verifiers: {unknown[0]!r} is none of {known}")
        self._verifiers = {n: VERIFIERS[n].from_settings(settings, outbound) for n in names}
        if TRANSFER in self.methods and REGISTER not in self.methods:
            raise SettingsError(
                "organisations.verifiers: a transfer shows who reads an account, not whose credit "
                "code it is; offer a register beside it"
            )

    @property
    def methods(self) -> list[str]:
        """What may be shown, in the operator's order."""
        return list(dict.fromkeys(each.method for each in self._verifiers.values()))

    def check(self, statement: Statement, reference: str) -> Said[Answer]:
        def ask(verifier: Register) -> Answer:
            return verifier.check(statement, reference)

        return self._first(REGISTER, ask)

    def show(self) -> Said[Shown]:
        def ask(verifier: LicenceReader) -> Shown | Answer:
            return verifier.show()

        return self._first(LICENCE, ask)

    def pay(self, payee: Payee, reference: str) -> Said[Paid]:
        def ask(verifier: Transfers) -> Paid | Answer:
            return verifier.pay(payee, reference)

        return self._first(TRANSFER, ask)

    def reader(self, name: str) -> LicenceReader | None:
        """None where it was turned off meanwhile."""
        return cast(LicenceReader | None, self._verifiers.get(name))

    def payer(self, name: str) -> Transfers | None:
        return cast(Transfers | None, self._verifiers.get(name))

    def _first(self, method: str, ask: Callable[[Any], T | Answer]) -> Said[T]:
        """A verifier that cannot answer leaves it to the next."""
        said: Said[T] = Said(Answer(Outcome.UNAVAILABLE, code="none"), "")
        for name, verifier in self._verifiers.items():
            if verifier.method != method:
                continue
            said = Said(ask(verifier), name)
            answer = said.answer
            if not isinstance(answer, Answer) or answer.outcome is not Outcome.UNAVAILABLE:
                break
        return said
