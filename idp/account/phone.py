"""Changing the number: the new one is proven, the old one is told.

It is done at once by who has the old number at hand, or has just shown two kinds of factors, or a
face. Who has shown one kind alone, a password somebody may have found, waits while the old number
is told and may say no.
"""

from types import SimpleNamespace

import flask

from idp import codes, interactions, notices, recoveries, sessions
from idp.account import changing
from idp.account.blueprint import bp, fresh_sign_in
from idp.account.changing import at_once, waiting
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import IdpError
from idp.handover import give, loser, settle
from idp.interactions import Interaction
from idp.services import services
from idp.store import numbers
from idp.store.accounts import Account
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

PURPOSE = "phone"


@bp.get("/phone")
def phone() -> flask.Response:
    fresh_sign_in()
    if "i" not in flask.request.args:
        opened = interactions.open_("/account/", reason=PURPOSE, account_id=me().id)
        return people.go(opened.url("/account/phone"))
    interaction = _entered()
    if found := waiting(me()):
        return changing.show(found)
    if not at_once(interaction) and not _waits(interaction):
        return changing.choose(interaction)
    return _page(interaction)


@bp.get("/phone/wait")
def wait_instead() -> flask.Response:
    """One kind of factor is all there is: the change takes a while."""
    interaction = interactions.note(_entered(), wait=True)
    return people.go(interaction.url("/account/phone"))


@bp.get("/phone/send")
def address_of_the_form() -> flask.Response:
    return people.back_to("/account/phone")


@bp.post("/phone/send")
def send_to_phone() -> flask.Response:
    fresh_sign_in()
    interaction = _entered()
    try:
        codes.guard(people.form(), people.here())
        codes.ask(interaction, flask.request.form.get("phone"), PURPOSE, people.here())
    except IdpError as error:
        return _page(interaction, people.failed(error, "phone"))
    return people.go(interaction.url("/account/phone"))


@bp.post("/phone")
def change_phone() -> flask.Response:
    fresh_sign_in()
    interaction = _entered()
    try:
        entered = people.text("sms_code")
        number = codes.check(interaction, PURPOSE, entered, people.here())
        if not at_once(interaction):
            changing.begin(me(), number)
            return people.go("/account/phone")
        bind(me(), number)
    except IdpError as error:
        return _page(interaction, people.failed(error))
    interactions.note(interaction, done=True)
    return people.go("/account/?done=phone")


def _entered() -> Interaction:
    """The change this page's address names, while it is this person's and not finished."""
    interaction = people.entered()
    if interaction.account_id != mine().account_id or interaction.result.get("done"):
        flask.abort(people.go("/account/phone"))
    return interaction


def _waits(interaction: Interaction) -> bool:
    return bool(interaction.result.get("wait"))


def bind(account: Account, number: str, reason: str = "") -> None:
    """Bind the number just proven. Raises NumberElsewhere while another account proves it."""
    old, moved = account.phone, loser(account, number)
    give(account, number, moved)
    index = services.sealer.index
    changed = events.PhoneChanged(
        account=account.id,
        old_phone=index("phone", old) if old else None,
        new_phone=index("phone", number),
        reason=reason,
    )
    audit.record(changed)
    if old and old != number:
        notices.warn(account, "phone_changed", old)
    numbers.told(account.id)
    sessions.claims_changed(account.id)
    if moved is not None:
        settle(moved)


def _page(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    urls = {
        "submit_url": interaction.url("/account/phone"),
        "send_url": interaction.url("/account/phone/send"),
        "change_url": interaction.url("/account/phone") + "&change=1",
    }
    entering = "change" in flask.request.args or "phone" in flask.request.form
    if codes.asked(interaction, PURPOSE) and not entering:
        form = codes.code_form(interaction, PURPOSE, failed, **urls)
    else:
        form = codes.number_form(interaction, "phone", failed, sent=False, **urls)
    old = me().phone
    account = SimpleNamespace(masked=masking.phone(old) if old else "")
    wait = None if at_once(interaction) else recoveries.wait_of(me())
    return people.page("account/phone.html", None, failed, form=form, account=account, wait=wait)
