"""From the beginning of a recovery to its end, in this browser or in any other."""

import time

import flask

from idp import browsers, codes, credentials, interactions, recoveries
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.recovery import completing
from idp.recovery.blueprint import bp
from idp.recovery.errors import NoSuchRecovery, NotReady
from idp.services import services
from idp.store import accounts
from idp.store import recoveries as store
from idp.store.engines import db
from idp.store.recoveries import Recovery
from idp.web import people
from idp.web.people import FIRST, Failed

PURPOSE = "recover-again"
_OURS, _SINCE, _REFERENCE, _TYPED = "recovery", "recovery_at", "recovery_ref", "recovery_typed"


def show(interaction: Interaction, recovery: Recovery, reference: str = "") -> Interaction:
    """This browser has proved to be whoever began it; ``reference`` is shown to them."""
    sealed = str(services.sealer.seal(_REFERENCE, reference, interaction.id)) if reference else None
    noted = {_OURS: recovery.id, _SINCE: time.time(), _REFERENCE: sealed, "faced": None}
    return interactions.note(interaction, **noted)


@bp.get("/continue")
def again() -> flask.Response:
    """Who has a reference proves the number that goes with it."""
    if "i" not in flask.request.args:
        return people.go(interactions.open_("/account/").url("/recover/continue"))
    return _again(people.entered())


@bp.get("/continue/send")
def address_of_the_reference() -> flask.Response:
    return people.back_to("/recover/continue")


@bp.post("/continue/send")
def send_again() -> flask.Response:
    """A code goes to the number whether or not there is anything of that reference."""
    interaction = people.entered()
    number = flask.request.form.get("phone")
    try:
        if number is not None:
            interaction = _keep(interaction, people.text("reference"))
        codes.guard(people.form(), people.here())
        codes.ask(interaction, number, PURPOSE, people.here())
    except IdpError as error:
        return _again(interaction, people.failed(error, "phone", "reference"))
    return people.go(interaction.url("/recover/continue"))


@bp.post("/continue")
def prove_again() -> flask.Response:
    interaction = people.entered()
    try:
        number = codes.check(interaction, PURPOSE, people.text("sms_code"), people.here())
    except codes.CodeNotAsked:
        return people.go(interaction.url("/recover/continue"))
    except IdpError as error:
        return _again(interaction, people.failed(error))
    interaction = codes.forget(interaction, PURPOSE)
    found = store.named(recoveries.digest_of(_typed(interaction)), number)
    if found is None:
        return _again(interaction, Failed(NoSuchRecovery(), {"reference": _typed(interaction)}))
    return people.go(show(interaction, found).url("/recover/pending"))


@bp.get("/pending")
def pending() -> flask.Response:
    interaction = people.entered()
    found = _ours(interaction)
    if found is None:
        return people.go(interaction.url("/recover/continue"))
    return _pending(interaction, found)


@bp.post("/pending/cancel")
def cancel_mine() -> flask.Response:
    """Who began it thinks better of it."""
    interaction = people.entered()
    found = _ours(interaction)
    if found is not None:
        recoveries.cancel(found, "withdrawn")
        db.session.commit()
    return people.go(interaction.url("/recover/pending"))


@bp.get("/pending/password")
def last_step() -> flask.Response:
    interaction = people.entered()
    found = _ours(interaction)
    if found is None or not found.ready:
        return people.go(interaction.url("/recover/pending"))
    return _password(interaction)


@bp.post("/pending/password")
def finish() -> flask.Response:
    """The account has its new number and password. Raises NotReady."""
    interaction = people.entered()
    found = _ours(interaction)
    if found is None or not found.ready:
        raise NotReady
    account, chosen = accounts.by_id(found.account_id), people.text("new_password")
    try:
        credentials.count(found.account_id)
        username = account.username if account else None
        if reasons := credentials.weaknesses(chosen, username, found.phone):
            error = credentials.WeakNewPassword()
            return _password(interaction, people.failed(error, reasons=reasons))
        completing.complete(found, chosen)
    except IdpError as error:
        return _password(interaction, people.failed(error))
    interactions.note(interaction, **{_OURS: None})
    return people.page(
        "recovery/recovered.html",
        interaction,
        login_url=f"{interaction.url('/login/')}&m=password",
    )


def _ours(interaction: Interaction) -> Recovery | None:
    """The recovery whose number was proven on this way."""
    named, since = interaction.result.get(_OURS), interaction.result.get(_SINCE) or 0.0
    if not named or browsers.left_since(since):
        return None
    return store.by_id(named)


def _keep(interaction: Interaction, reference: str) -> Interaction:
    sealed = str(services.sealer.seal(_TYPED, reference[:64], interaction.id))
    return interactions.note(interaction, **{_TYPED: sealed})


def _typed(interaction: Interaction) -> str:
    sealed = interaction.result.get(_TYPED)
    return services.sealer.open(_TYPED, sealed, interaction.id) if sealed else ""


def _again(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    urls = {
        "submit_url": interaction.url("/recover/continue"),
        "send_url": interaction.url("/recover/continue/send"),
        "change_url": interaction.url("/recover/continue") + "&change=1",
    }
    entering = "change" in flask.request.args or "phone" in flask.request.form
    if codes.asked(interaction, PURPOSE) and not entering:
        form = codes.code_form(interaction, PURPOSE, failed, **urls)
    else:
        form = codes.number_form(interaction, "continue", failed, sent=False, **urls)
    back_url = interaction.url("/recover/")
    return people.page("recovery/continue.html", interaction, failed, form=form, back_url=back_url)


def _pending(interaction: Interaction, found: Recovery) -> flask.Response:
    sealed = interaction.result.get(_REFERENCE)
    reference = services.sealer.open(_REFERENCE, sealed, interaction.id) if sealed else ""
    return people.page(
        "recovery/pending.html",
        interaction,
        recovery=found,
        way=recoveries.WAYS[found.way].label,
        reference=reference,
        masked=masking.phone(found.phone),
        form=people.fields(FIRST, submit_url=interaction.url("/recover/pending/cancel")),
        next_url=interaction.url("/recover/pending/password") if found.ready else "",
        start_url=interaction.url("/recover/"),
    )


def _password(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url=interaction.url("/recover/pending/password"))
    return people.page("recovery/last_step.html", interaction, failed, form=form)
