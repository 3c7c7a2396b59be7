"""Another account of whoever is at the browser, shown to be theirs beside the one signed in.

Merging asks for a fresh sign-in to both, with two factors each (DESIGN §3). The second one begins
no session: what was shown waits sealed with its own interaction, bound to it, and is void once
somebody signs out in the browser.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import orjson

from idp import assurance, browsers, interactions, proofs, settings
from idp.interactions import ClientHint, Interaction
from idp.sessions import Session
from idp.store import accounts
from idp.store.accounts import Account
from idp.store.types import sealer

REASON = "join"
"""Why the sign-in pages are shown: to prove one more account."""
ENOUGH = 2
"""The authenticator level both accounts are to be shown at."""
_SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Seen:
    """An account, and when it was proved to be somebody's by which method."""

    account_id: str
    proofs: Mapping[str, float]
    footing: str = ""
    """What the proofs rest on (``proofs.footing``)."""


def open_(return_to: str, client: ClientHint | None) -> Interaction:
    """Begin to prove another account; ``{id}`` in ``return_to`` becomes the interaction's."""
    return interactions.open_(return_to, reason=REASON, client=client)


def add(interaction: Interaction, account: Account, amr: Iterable[str]) -> Interaction:
    """Keep that ``account`` was proved just now, beside what was proved of it on this way."""
    before = of(interaction)
    same = before is not None and before.account_id == account.id
    earlier = before.proofs if before is not None and same else {}
    shown = {**earlier, **dict.fromkeys(amr, time.time())}
    kept = orjson.dumps(asdict(Seen(account.id, shown, proofs.footing(account)))).decode()
    return interactions.note(
        interaction, **{_SEEN: str(sealer().seal(_SEEN, kept, interaction.id))}
    )


def of(interaction: Interaction) -> Seen | None:
    """What was proved on this way and still holds."""
    sealed = interaction.result.get(_SEEN)
    if not sealed or interaction.reason != REASON:
        return None
    seen = Seen(**orjson.loads(sealer().open(_SEEN, sealed, interaction.id)))
    account = accounts.by_id(seen.account_id)
    if account is None or proofs.footing(account) != seen.footing:
        return None
    return None if browsers.left_since(min(seen.proofs.values())) else seen


def of_session(session: Session) -> Seen:
    return Seen(session.account_id, session.stored.core["proofs"])


def level(seen: Seen) -> int:
    """The authenticator level of what was proved lately."""
    account = accounts.by_id(seen.account_id)
    return assurance.aal_of(proofs.counted(account, fresh(seen))) if account else 0


def within_reach(account_id: str) -> int:
    """The authenticator level an account has the means for."""
    account = accounts.by_id(account_id)
    return assurance.aal_of(proofs.means(account)) if account else 0


def fresh(seen: Seen) -> set[str]:
    """The methods used within the time that counts as now."""
    since = time.time() - settings.current.login.fresh.total_seconds()
    return {method for method, at in seen.proofs.items() if at >= since}
