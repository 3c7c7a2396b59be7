"""A new version of an agreement asks again, between the proof and the session."""

import flask

from idp import agreements, proofs
from idp.interactions import Interaction
from idp.login import finishing
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.sessions import AccountStopped
from idp.store import accounts
from idp.web import people
from idp.web.people import FIRST, Failed


@bp.get("/agreement")
def agreement() -> flask.Response:
    interaction = people.entered()
    finishing.signing(interaction)
    return _ask(interaction)


@bp.post("/agreement")
def agree() -> flask.Response:
    interaction = people.entered()
    signing = finishing.signing(interaction)
    if not people.text("agree"):
        return _ask(interaction, people.failed(agreements.NotAgreed()))
    account = accounts.by_id(signing.account_id)
    if account is None or not account.active:
        raise AccountStopped
    if signing.footing != proofs.footing(account):  # another number or password since
        raise StepMissing
    agreements.accept(account.id, agreements.pending(account.id))
    return finishing.complete(interaction, account, signing.amr, signing.footing)


@bp.post("/agreement/decline")
def disagree() -> flask.Response:
    return finishing.refused(people.entered())


def _ask(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    asked = agreements.pending(finishing.signing(interaction).account_id)
    form = people.fields(failed, submit_url=interaction.url("/login/agreement"))
    return people.page(
        "agreements/updated.html",
        interaction,
        failed,
        form=form,
        agreements=asked,
        first=not agreements.any_accepted(finishing.signing(interaction).account_id),
        decline_url=interaction.url("/login/agreement/decline"),
        close_url=interaction.url("/login/agreement/close"),
    )
