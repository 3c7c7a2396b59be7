"""Somebody signs in to an account they asked to close: they may take that back, or leave it so."""

import flask

from idp import closing, interactions, proofs
from idp.interactions import Interaction
from idp.login import finishing
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.store import accounts, closings
from idp.store.accounts import Account
from idp.web import people
from idp.web.people import FIRST, Failed


@bp.get("/closing")
def suspended() -> flask.Response:
    interaction = people.entered()
    found = closings.of(_whose(interaction).id)
    if found is None:  # taken back in another tab
        return people.go(interaction.url("/login/"))
    return people.page(
        "login/closing.html",
        interaction,
        asked_at=found.asked_at,
        closes_at=found.closes_at,
        submit_url=interaction.url("/login/closing"),
        keep_url=interaction.url("/login/closing/keep"),
    )


@bp.post("/closing")
def have_it_back() -> flask.Response:
    """The account is theirs again, and they are signed in to it."""
    interaction = people.entered()
    account = _whose(interaction)
    closing.take_back(account)
    return finishing.finish(interaction, account, finishing.signing(interaction).amr)


@bp.post("/closing/keep")
def keep_closing() -> flask.Response:
    return finishing.refused(people.entered())


@bp.get("/agreement/close")
def close() -> flask.Response:
    """Who does not agree to a new version need not, to have their account closed."""
    interaction = people.entered()
    return _close(interaction, _whose(interaction))


@bp.post("/agreement/close")
def close_now() -> flask.Response:
    interaction = people.entered()
    account = _whose(interaction)
    try:
        closing.ask(account, understood=bool(people.text("agree")))
    except closing.REFUSALS as error:
        return _close(interaction, account, people.failed(error))
    days = closing.prospect(account).days
    interactions.note(interaction, signing=None, proven=None, unproven=None)
    return people.page("account/closed.html", interaction, days=days)


def _close(interaction: Interaction, account: Account, failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url=interaction.url("/login/agreement/close"))
    back_url = interaction.url("/login/agreement")
    about = vars(closing.prospect(account))
    return people.page(
        "login/close.html", interaction, failed, form=form, back_url=back_url, **about
    )


def _whose(interaction: Interaction) -> Account:
    """Whose proof is waiting here. Raises StepMissing where it rests on nothing any more."""
    signing = finishing.signing(interaction)
    account = accounts.by_id(signing.account_id)
    if account is None or signing.footing != proofs.footing(account):
        raise StepMissing
    return account
