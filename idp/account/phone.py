"""Changing the number: the new one is proven, the old one is told."""

from types import SimpleNamespace

import flask

from idp import codes, interactions, notices, sessions
from idp.account.blueprint import bp, fresh_sign_in, me, mine
from idp.account.errors import NumberElsewhere
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import IdpError
from idp.handover import displace, lapsed, settle
from idp.interactions import Interaction
from idp.services import services
from idp.store import accounts, numbers
from idp.store.accounts import Account, PhoneTaken
from idp.web import people
from idp.web.people import FIRST, Failed

PURPOSE = "phone"


@bp.get("/phone")
def phone() -> flask.Response:
    fresh_sign_in()
    if "i" not in flask.request.args:
        opened = interactions.open_("/account/", reason=PURPOSE, account_id=me().id)
        return people.go(opened.url("/account/phone"))
    return _page(_entered())


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
        _give(me(), number)
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


def _give(account: Account, number: str) -> None:
    """Bind the number just proven. Raises NumberElsewhere while another account proves it."""
    old, holder = account.phone, accounts.by_phone(number)
    moved = holder if holder and holder.id != account.id and lapsed(holder) else None
    if moved is not None:
        displace(moved)
    try:
        accounts.give_number(account, number)
    except PhoneTaken:
        raise NumberElsewhere from None
    index = services.sealer.index
    changed = events.PhoneChanged(
        account=account.id,
        old_phone=index("phone", old) if old else None,
        new_phone=index("phone", number),
    )
    audit.record(changed)
    if old and old != number:
        notices.add(old, "phone_changed")
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
    return people.page("account/phone.html", None, failed, form=form, account=account)
