"""The verifiers an operator has turned on: which ways they give, and the first that answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from idp import assurance
from idp.outbound import Outbound
from idp.realname import documents
from idp.realname.base import Answer, Begun, Check, Journey, Outcome, Statement, Verifier
from idp.realname.verifiers import VERIFIERS
from idp.settings import Settings, SettingsError
from idp.store import identities
from idp.store.accounts import Account


@dataclass(frozen=True, slots=True)
class Way:
    """One way to prove a name: what is compared, the level it reaches, what it asks for."""

    method: str
    ial: int
    asks: tuple[str, ...]
    journey: bool
    """Whether the person goes elsewhere for it and comes back."""
    documents: frozenset[str]

    @property
    def stated(self) -> bool:
        """Whether the person says who they are; of who shows a network credential it may not
        be asked.
        """
        return documents.NETWORK_CREDENTIAL not in self.documents


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, and whose it is."""

    answer: Answer
    verifier: str


@dataclass(frozen=True, slots=True)
class Started:
    """A journey under way."""

    begun: Begun
    verifier: str


class Realname:
    """The verifiers of this node; built once."""

    def __init__(self, settings: Settings, outbound: Outbound):
        names = settings.realname.verifiers
        if unknown := [name for name in names if name not in VERIFIERS]:
            known = ", ".join(VERIFIERS)
            raise SettingsError(f"realname.verifiers: {unknown[0]!r} is none of {known}")
        self._verifiers = {n: VERIFIERS[n].from_settings(settings, outbound) for n in names}

    @property
    def reach(self) -> int:
        """The highest level a person can prove without leaving home."""
        return max((way.ial for way in self.ways()), default=1)

    def ways(self, least: int = 1) -> list[Way]:
        """Every way that reaches ``least``, in the operator's order."""
        found: dict[str, Way] = {}
        for verifier in self._verifiers.values():
            ial = assurance.METHODS[verifier.method]
            if ial >= least:
                made = found.get(verifier.method)
                kinds = verifier.documents | (made.documents if made else frozenset())
                found[verifier.method] = Way(
                    verifier.method, ial, verifier.asks, hasattr(verifier, "begin"), kinds
                )
        return list(found.values())

    def open_to(self, account: Account, least: int = 1) -> list[Way]:
        """The ways for the person of ``account``: who has a document proves that one again, and a
        number is compared only where there is one.
        """
        identity = identities.of(account.id)
        return [
            way
            for way in self.ways(least)
            if identity is None or identity.kind in way.documents
            if account.phone or "phone" not in way.asks
        ]

    def check(self, method: str, statement: Statement) -> Verdict:
        """The first answer; a verifier that cannot answer leaves it to the next."""
        verdict = Verdict(Answer(Outcome.UNAVAILABLE, code="none"), "")
        for name, verifier in self._of(method, statement):
            verdict = Verdict(cast(Check, verifier).check(statement), name)
            if verdict.answer.outcome is not Outcome.UNAVAILABLE:
                break
        return verdict

    def begin(
        self, method: str, statement: Statement, reference: str, return_url: str
    ) -> Started | Verdict:
        """Send the person on the first journey that begins."""
        verdict = Verdict(Answer(Outcome.UNAVAILABLE, code="none"), "")
        for name, verifier in self._of(method, statement):
            answer = cast(Journey, verifier).begin(statement, reference, return_url)
            if isinstance(answer, Begun):
                return Started(answer, name)
            verdict = Verdict(answer, name)
            if answer.outcome is not Outcome.UNAVAILABLE:
                break
        return verdict

    def finish(
        self, verifier: str, token: str, statement: Statement, brought: Mapping[str, str]
    ) -> Verdict | None:
        """How a journey went; None while it is under way, or its verifier was turned off."""
        found = self._verifiers.get(verifier)
        answer = cast(Journey, found).finish(token, statement, brought) if found else None
        return Verdict(answer, verifier) if answer is not None else None

    def _of(self, method: str, statement: Statement) -> Iterator[tuple[str, Verifier]]:
        for name, verifier in self._verifiers.items():
            if verifier.method == method and statement.document.kind in verifier.documents:
                yield name, verifier
