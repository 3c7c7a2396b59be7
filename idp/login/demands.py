"""One more proof before a session begins: who asks for it, and what was proved first."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from idp import assurance, browsers, interactions, proofs
from idp.interactions import Interaction
from idp.login import judging
from idp.store.accounts import Account

_FIRST = "first"


@dataclass(frozen=True, slots=True)
class First:
    """What somebody has proved, and why that is not enough."""

    why: str
    account_id: str
    amr: tuple[str, ...]
    footing: str
    at: float


Demand = Callable[[Interaction, Account, tuple[str, ...]], str]
"""Why ``amr`` is not enough for an account; "" when it is."""


def by_choice(_interaction: Interaction, account: Account, amr: tuple[str, ...]) -> str:
    """The person wants two factors, and gets them from whoever signs in."""
    return "chosen" if account.two_factor and _level(account, amr) < 2 else ""  # noqa: PLR2004


DEMANDS: tuple[Demand, ...] = (by_choice, judging.another_factor)


def unmet(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> str:
    """Why one more proof is due; "" when none is."""
    return next((why for each in DEMANDS if (why := each(interaction, account, amr))), "")


def ask(interaction: Interaction, account: Account, amr: tuple[str, ...], why: str) -> Interaction:
    """Keep what was proved: the next proof on this way is to be the same person's."""
    first = First(why, account.id, amr, proofs.footing(account), time.time())
    result = {**interaction.result, _FIRST: asdict(first)}
    return interactions.change(interaction, account_id=account.id, result=result)


def first(interaction: Interaction) -> First | None:
    """What was proved first on this way, while nobody has signed out in the browser."""
    found = interaction.result.get(_FIRST)
    if not found or browsers.left_since(found["at"]):
        return None
    return First(**{**found, "amr": tuple(found["amr"])})


def together(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> tuple[str, ...]:
    """``amr`` with what was proved first, where number and password are what they were then."""
    before = first(interaction)
    if before is None or before.account_id != account.id:
        return amr
    if before.footing != proofs.footing(account):
        return amr
    return tuple(dict.fromkeys((*before.amr, *amr)))


def _level(account: Account, amr: tuple[str, ...]) -> int:
    return assurance.aal_of(proofs.counted(account, {*amr}))
