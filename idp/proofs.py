"""What somebody has just proven, kept with their interaction until it is used: a number, a face.

What stands in Redis is sealed and bound to the interaction: moved elsewhere it does not open.
A sign-out in the browser ends what was proven there before it.
"""

import time
from collections.abc import Iterable
from typing import Any

from idp import browsers, factors, interactions, settings
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


def keep_face(interaction: Interaction, account: Account) -> Interaction:
    """Remember that the person of ``account`` has shown their living face on this way."""
    return interactions.note(interaction, faced=account.id, faced_at=time.time())


def face_shown(interaction: Interaction, account: Account) -> bool:
    """Whether they have, a moment ago: who signed out since may not have been the last one here."""
    at = interaction.result.get("faced_at") or 0.0
    if interaction.result.get("faced") != account.id or browsers.left_since(at):
        return False
    return time.time() - at <= settings.current.login.fresh.total_seconds()


def footing(account: Account) -> str:
    """What a proof of ``account`` rests on: it falls when its number or password is another."""
    since = account.password_set_at
    said = f"{account.phone}|{since.timestamp() if since else ''}"
    return sealer().mac("footing", said.encode()).hex()


def means(account: Account, shown: Iterable[str] = (), without: str = "") -> set[str]:
    """The methods (``amr``) that count for ``account``: those it has, beside those ``shown``.

    ``without``: the id of a factor as if it were gone.
    """
    has = {*shown} | ({"sms"} if account.phone else set())
    held = (each for each in factors.held(account.id) if not without or each.id != without)
    has |= {method for each in held for method in each.amr}
    return counted(account, has | ({"pwd"} if account.password_hash else set()))


def counted(account: Account, methods: set[str]) -> set[str]:
    """A password that the phone alone has set a while ago adds nothing to the phone."""
    return methods if account.password_settled else methods - {"pwd"}
