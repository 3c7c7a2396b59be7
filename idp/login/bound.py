"""Whose proof is wanted, on a way through sign-in that is one account's."""

from idp import joining, proofs, sessions
from idp.interactions import Interaction
from idp.login import demands
from idp.store import accounts
from idp.store.accounts import Account


def account_of(interaction: Interaction) -> Account | None:
    """The one account that may answer; None where anybody may."""
    seen = joining.of(interaction)
    unproven = interaction.result.get("unproven")
    bound_to = interaction.account_id or unproven or (seen.account_id if seen else "")
    return accounts.by_id(bound_to) if bound_to else None


def has_begun(interaction: Interaction, account: Account) -> bool:
    """Whether something was proved of ``account`` before: on this way, or by who is signed in."""
    if interaction.result.get("unproven"):
        return proofs.number_of(interaction) is not None
    if joining.of(interaction) is not None or demands.first(interaction) is not None:
        return True
    session = sessions.current()
    return session is not None and session.account_id == account.id
