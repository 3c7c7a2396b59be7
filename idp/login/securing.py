"""Going on with a frozen account: proved to be its holder, one chooses another password."""

import flask

from idp import assurance, credentials, freezing, interactions, notices, proofs, sessions
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.login import demands, finishing
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.services import services
from idp.store import accounts
from idp.store.accounts import Account
from idp.web import people
from idp.web.people import FIRST, Failed

REVIEW = "/account/review"


@bp.get("/secure/face")
def faced() -> flask.Response:
    """The holder has shown their face beside what was proved first."""
    interaction = people.entered()
    account = accounts.by_id(interaction.account_id)
    if account is None or demands.first(interaction) is None:
        raise StepMissing
    if not proofs.face_shown(interaction, account):
        raise StepMissing
    return finishing.finish(interaction, account, ("face",))


@bp.get("/secure")
def secure() -> flask.Response:
    interaction = people.entered()
    account = _whose(interaction)
    if not freezing.is_frozen(account):  # done in another tab
        return people.go(interaction.url("/login/"))
    return _page(interaction, account)


@bp.post("/secure")
def secure_now() -> flask.Response:
    """The account goes on with another password, and with nobody else signed in."""
    interaction = people.entered()
    account = _whose(interaction)
    amr, chosen = finishing.signing(interaction).amr, people.text("new_password")
    try:
        credentials.count(account.id)
        if reasons := credentials.weaknesses(chosen, account.username, account.phone):
            error = credentials.WeakNewPassword()
            return _page(interaction, account, people.failed(error, reasons=reasons))
    except IdpError as error:
        return _page(interaction, account, people.failed(error))
    hashed = services.passwords.hash(chosen)
    if not freezing.thaw(account):
        raise StepMissing
    settles = services.settings.login.password_settles
    alone = {*amr} <= assurance.BROUGHT_BY_NUMBER
    accounts.give_password(account, hashed, settles if alone else None)
    if not alone:
        account.password_settles_at = None
    notices.tell(account, "account_secured")
    sessions.end_all(account.id, reason="secured", keep_offline=False)
    if not interaction.request:
        interaction = interactions.change(interaction, return_to=REVIEW)
    return finishing.go_on(interaction, account, amr)


def _whose(interaction: Interaction) -> Account:
    """Whose proof is waiting here. Raises StepMissing where it rests on nothing any more."""
    signing = finishing.signing(interaction)
    account = accounts.by_id(signing.account_id)
    if account is None or signing.footing != proofs.footing(account):
        raise StepMissing
    return account


def _page(interaction: Interaction, account: Account, failed: Failed = FIRST) -> flask.Response:
    return people.page(
        "login/secure.html",
        interaction,
        failed,
        form=people.fields(failed, submit_url=interaction.url("/login/secure")),
        username=account.username or "",
    )
