"""The end of every way through sign-in: the right person, the agreements, the session, and on."""

import time
from dataclasses import asdict, dataclass

import flask

from idp import (
    agreements,
    browsers,
    freezing,
    interactions,
    joining,
    levels,
    linking,
    notices,
    peers,
    places,
    proofs,
    sessions,
)
from idp.audit import events
from idp.audit import log as audit
from idp.interactions import Interaction
from idp.login import demands, frozen, judging, stopped, trail
from idp.login.errors import AccountInUse, PersonMismatch, SignInHeld, StepMissing
from idp.risk.rules import Action
from idp.services import services
from idp.store import accounts, numbers, recoveries, sign_ins
from idp.store.accounts import CLOSING, FROZEN, STOPPED, Account
from idp.store.engines import db
from idp.store.sign_ins import SignedIn
from idp.web import elder, i18n, people

STEP_UP = "step_up"
"""Why the sign-in pages are shown: to add a factor to the session there is."""


_NEWS = {recoveries.RECOVERY: "/login/recovery", recoveries.NUMBER_LOST: "/login/number/lost"}
"""What somebody is told with their session begun, and where; the gravest first."""


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
    amr = demands.together(interaction, account, amr)
    if freezing.is_frozen(account) and interaction.reason != joining.REASON:
        return _secure(interaction, account, amr)
    if account.status == FROZEN and not freezing.is_frozen(account) and "pwd" in amr:
        _restore(account)
    if account.status == CLOSING and interaction.reason != joining.REASON:
        return _at(interaction, account, amr, "/login/closing")
    if not account.active:
        trail.failed(account.id, amr[0], sessions.AccountStopped.code)
        if account.status == STOPPED and interaction.reason != joining.REASON:
            return stopped.tell(interaction, account)
        raise sessions.AccountStopped
    if interaction.reason == joining.REASON:
        return _join(interaction, account, amr)
    return go_on(interaction, account, amr)


def _secure(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> flask.Response:
    """On to the new password of a frozen account, or to more proof that it is theirs."""
    if frozen.is_enough(account, amr):
        return _at(interaction, account, amr, "/login/secure")
    trail.failed(account.id, amr[0], freezing.Frozen.code)
    return _ask_more(interaction, account, amr, "frozen")


def go_on(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> flask.Response:
    """To one more proof, to the agreements, or to the session; or nowhere, where risk says so."""
    if not _strengthens(interaction, account):
        before = demands.first(interaction)
        if before is None or before.account_id != account.id:
            interaction = judging.judge(interaction, account, amr)
        if judging.wanted(interaction, account) is Action.STOP:
            return _hold(interaction, account, amr)
        if why := demands.unmet(interaction, account, amr):
            return _ask_more(interaction, account, amr, why)
    home = peers.home_kept(interaction, account) if "fed" in amr else None
    agreed = home is not None and home.issuer == services.settings.federation.home
    if agreed or not agreements.pending(account.id):
        return complete(interaction, account, amr, proofs.footing(account))
    return _at(interaction, account, amr, "/login/agreement")


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
    step_up = interaction.reason == STEP_UP
    news = recoveries.news(account.id)
    levels.of(account)  # evidence may have run out since the last sign-in
    _tell(interaction, account, amr)
    _as_chosen_before(account)
    try:
        home = peers.home_kept(interaction, account) if "fed" in amr else None
        sessions.start(account, amr, client_id=client_id, step_up=step_up, home=home)
    except sessions.ProofVoid:
        raise StepMissing from None
    for kind, page in _NEWS.items():
        if kind in news:
            return people.go(interaction.url(page))
    if onward := linking.onward(interaction) or peers.onward(interaction):
        return people.go(onward)
    return people.leave(interaction)


def _as_chosen_before(account: Account) -> None:
    """In a browser where nobody has chosen yet, pages are as the person has them elsewhere."""
    if account.elder and not elder.known():
        elder.remember(account.elder)
    if account.locale != i18n.usual() and not i18n.is_chosen():
        i18n.remember(account.locale)


def _strengthens(interaction: Interaction, account: Account) -> bool:
    """Whether this proof joins those of the session there is, and so is not alone."""
    session = sessions.current() if interaction.reason == STEP_UP else None
    return session is not None and session.account_id == account.id


def _ask_more(
    interaction: Interaction, account: Account, amr: tuple[str, ...], why: str
) -> flask.Response:
    """On to one more proof of another kind; the number just proven stays proven."""
    if "sms" in amr:
        accounts.prove_number(account)
    db.session.commit()
    return people.go(demands.ask(interaction, account, amr, why).url("/login/"))


def _hold(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> flask.Response:
    """Nobody is signed in; what else the proof has changed stays."""
    db.session.commit()
    trail.failed(account.id, amr[0], SignInHeld.code)
    return people.go(interaction.url("/login/held"))


def _tell(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> None:
    """With the sign-in that is about to begin: once, of a risky one or of one in a new browser.

    A code has just told the phone of itself, unless it was another device's; not that somebody
    far away has it.
    """
    if account.phone is None:
        return
    if judging.tells(interaction, account, amr):
        notices.warn(account, "risky_sign_in")
        return
    if "sms" in amr and "scan" not in amr:
        return
    if not sign_ins.knows_browser(account.id, browsers.current()):
        notices.warn(account, "new_sign_in")


def signing(interaction: Interaction) -> Signing:
    """What ``finish`` left for the agreement page. Raises StepMissing."""
    found = interaction.result.get("signing")
    if not found or browsers.left_since(found["at"]):
        raise StepMissing
    return Signing(**{**found, "amr": tuple(found["amr"])})


def _join(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> flask.Response:
    """One more account is this person's: on to its second factor, or back to what asked for it.

    Raises StepMissing, AccountInUse or PersonMismatch.
    """
    session, before = sessions.current(), joining.of(interaction)
    if session is None:
        raise StepMissing
    if session.account_id == account.id:
        raise AccountInUse
    if before is not None and before.account_id != account.id:
        trail.failed(account.id, amr[0], PersonMismatch.code)
        raise PersonMismatch
    joined = joining.add(interaction, account, amr)
    client_id = interaction.client.client_id if interaction.client else ""
    browser, terminal = browsers.current(), browsers.terminal()
    here = SignedIn(account.id, amr, browser, terminal, client_id, places.here())
    sign_ins.note(here)
    audit.record(events.AccountShown(account=session.account_id, target=account.id, methods=amr))
    db.session.commit()
    seen = joining.of(joined)
    if seen is None:  # somebody signed out in another tab
        raise StepMissing
    if joining.level(seen) < joining.ENOUGH <= joining.within_reach(account.id):
        return people.go(interaction.url("/login/"))
    return people.go(interaction.return_to)


def refused(interaction: Interaction) -> flask.Response:
    """Nobody is signed in against their will; the portal hears that access was denied."""
    signing(interaction)
    if not interaction.request:
        return people.leave(interaction)
    interactions.note(interaction, denied=True, signing=None, proven=None, unproven=None)
    return people.go(interaction.return_to)


def _at(
    interaction: Interaction, account: Account, amr: tuple[str, ...], page: str
) -> flask.Response:
    """One more page stands between the proof and the session."""
    if "sms" in amr:
        accounts.prove_number(account)
    signing = Signing(account.id, amr, proofs.footing(account), time.time())
    db.session.commit()
    interaction = interactions.note(interaction, signing=asdict(signing))
    return people.go(interaction.url(page))


def _restore(account: Account) -> None:
    """The old holder of a lost number is there after all."""
    if not numbers.restore(account):
        return
    restored = events.AccountRestored(account=account.id, target=account.id, reason="password")
    audit.record(restored)
