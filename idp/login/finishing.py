"""The end of every way through sign-in: the right person, the agreements, the session, and on."""

import time
from dataclasses import asdict, dataclass

import flask

from idp import agreements, browsers, interactions, proofs, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.interactions import Interaction
from idp.login import trail
from idp.login.errors import PersonMismatch, StepMissing
from idp.store import accounts, numbers
from idp.store.accounts import FROZEN, Account
from idp.store.engines import db
from idp.web import people


@dataclass(frozen=True)
class Signing:
    """Who has proved what, while one more page stands between them and their session."""

    account_id: str
    amr: tuple[str, ...]
    footing: str
    at: float


def finish(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> flask.Response:
    """Sign ``account`` in and go on. Raises PersonMismatch or AccountStopped."""
    if interaction.account_id and account.id != interaction.account_id:
        trail.failed(account.id, amr[0], PersonMismatch.code)
        raise PersonMismatch
    if account.status == FROZEN and "pwd" in amr:
        _restore(account)
    if not account.active:
        trail.failed(account.id, amr[0], sessions.AccountStopped.code)
        raise sessions.AccountStopped
    footing = proofs.footing(account)
    if not agreements.pending(account.id):
        return complete(interaction, account, amr, footing)
    if "sms" in amr:
        accounts.prove_number(account)
    signing = Signing(account.id, amr, footing, time.time())
    db.session.commit()
    interaction = interactions.note(interaction, signing=asdict(signing))
    return people.go(interaction.url("/login/agreement"))


def complete(
    interaction: Interaction, account: Account, amr: tuple[str, ...], footing: str
) -> flask.Response:
    """Start the session; whatever was proven on the way is used up.

    Raises StepMissing when the ``footing`` of the proof has gone. Whoever changes number or
    password ends the sessions there are; one that begins just then ends by itself.
    """
    if proofs.footing(account) != footing:
        raise StepMissing
    client_id = interaction.client.client_id if interaction.client else ""
    step_up = interaction.reason == "step_up"
    untold = numbers.is_untold(account.id)
    try:
        sessions.start(account, amr, client_id=client_id, step_up=step_up)
    except sessions.ProofVoid:
        raise StepMissing from None
    if untold:
        return people.go(interaction.url("/login/number/lost"))
    return people.leave(interaction)


def signing(interaction: Interaction) -> Signing:
    """What ``finish`` left for the agreement page. Raises StepMissing."""
    found = interaction.result.get("signing")
    if not found or browsers.left_since(found["at"]):
        raise StepMissing
    return Signing(**{**found, "amr": tuple(found["amr"])})


def _restore(account: Account) -> None:
    """The old holder of a lost number is there after all."""
    numbers.restore(account)
    restored = events.AccountRestored(account=account.id, target=account.id, reason="password")
    audit.record(restored)
