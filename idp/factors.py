"""What an account proves itself with beside its number and its password."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from idp import settings
from idp.passkeys import amr_of
from idp.store import linked, passkeys, peer_links, totps
from idp.store.accounts import Account


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing somebody has added to their account."""

    kind: str
    id: str
    name: str
    """What the person calls it, or what it says of itself; shown to them alone."""
    amr: tuple[str, ...]
    opens: bool
    """Whether a sign-in may begin with it; else it only follows another proof."""
    added_at: datetime
    used_at: datetime | None = None


def _totps(account_id: str) -> list[Factor]:
    if "totp" not in settings.current.login.methods:
        return []
    return [
        Factor("totp", each.id, each.name, ("otp",), False, each.added_at, each.used_at)
        for each in totps.of(account_id)
    ]


def _passkeys(account_id: str) -> list[Factor]:
    if "passkey" not in settings.current.login.methods:
        return []
    return [
        Factor("passkey", each.id, each.name, amr_of(each), True, each.added_at, each.used_at)
        for each in passkeys.usable(account_id)
    ]


def _linked(account_id: str) -> list[Factor]:
    return [
        Factor("linked", each.id, each.upstream, ("fed",), True, each.added_at, each.used_at)
        for each in linked.of(account_id)
        if getattr(settings.current.upstream, each.upstream, None) is not None
    ]


def _peers(account_id: str) -> list[Factor]:
    if not settings.current.federation.on:
        return []
    return [
        Factor("peer", each.id, each.issuer, ("fed",), True, each.linked_at, each.used_at)
        for each in peer_links.live(account_id)
    ]


HOLDERS: dict[str, Callable[[str], list[Factor]]] = {
    "passkey": _passkeys,
    "linked": _linked,
    "peer": _peers,
    "totp": _totps,
}
"""What an account (by id) holds of each kind."""


def held(account_id: str) -> list[Factor]:
    return [factor for of in HOLDERS.values() for factor in of(account_id)]


def is_last_way_in(account: Account, kind: str, id_: str) -> bool:
    """Whether nobody could sign in to ``account`` any more without this factor.

    A password alone counts where there is a name to enter with it; every account with a number
    has the number itself.
    """
    if account.phone or (account.password_hash and account.username):
        return False
    others = (each for each in held(account.id) if (each.kind, each.id) != (kind, id_))
    return not any(each.opens for each in others)
