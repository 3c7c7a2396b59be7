"""A number somebody has just proven, kept with their interaction until it is used.

What stands in Redis is sealed and bound to the interaction: moved elsewhere it does not open.
A sign-out in the browser ends what was proven there before it.
"""

import time
from typing import Any

from idp import browsers, interactions
from idp.interactions import Interaction
from idp.store.accounts import Account
from idp.store.types import sealer


def keep(interaction: Interaction, number: str, **result: Any) -> Interaction:
    """Remember that ``number`` (E.164) was proven on this way through sign-in."""
    sealed = str(sealer().seal("proof", number, interaction.id))
    return interactions.note(interaction, proven=sealed, proven_at=time.time(), **result)


def number_of(interaction: Interaction) -> str | None:
    """The number proven, while it has not been used for anything."""
    sealed = interaction.result.get("proven")
    if not sealed or browsers.left_since(interaction.result["proven_at"]):
        return None
    return sealer().open("proof", sealed, interaction.id)


def footing(account: Account) -> str:
    """What a proof of ``account`` rests on: it falls when its number or password is another."""
    since = account.password_set_at
    said = f"{account.phone}|{since.timestamp() if since else ''}"
    return sealer().mac("footing", said.encode()).hex()
