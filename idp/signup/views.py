"""Signing up: the number, its code, the agreement; then the person is signed in."""

import flask

from idp import (
    agreements,
    codes,
    credentials,
    handover,
    interactions,
    linking,
    peers,
    proofs,
    sessions,
)
from idp.assurance import Level
from idp.credentials import BadUsername, TooManyChoices, WeakPassword
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.services import services
from idp.signup import opening
from idp.signup.errors import NumberInUse
from idp.signup.opening import Wish
from idp.store import accounts
from idp.store.accounts import Account, PhoneTaken
from idp.web import people
from idp.web.errors import PageNotFound
from idp.web.people import FIRST, Failed

PURPOSE = "signup"

bp = flask.Blueprint("signup", __name__, url_prefix="/signup")
people.init_pages(bp)


@bp.get("/")
def start() -> flask.Response:
    if elsewhere := peers.accounts_are_at("/signup/"):
        return people.go(elsewhere)
    if "i" not in flask.request.args:
        return people.go(interactions.open_("/account/").url("/signup/"))
    interaction = _entered()
    if proofs.number_of(interaction):
        return people.go(interaction.url("/signup/agreement"))
    return _phone(interaction)


@bp.get("/send")
@bp.get("/not-mine")
def address_of_a_form() -> flask.Response:
    return people.back_to("/signup/")


@bp.post("/send")
def send() -> flask.Response:
    """Send a code, or another one to the number asked for before."""
    interaction = _entered()
    number = flask.request.form.get("phone")
    try:
        codes.guard(people.form(), people.here())
        codes.ask(interaction, number, PURPOSE, people.here())
    except IdpError as error:
        show = _code if number is None and codes.asked(interaction, PURPOSE) else _phone
        return show(interaction, people.failed(error, "phone"))
    return people.go(interaction.url("/signup/code"))


@bp.get("/code")
def code() -> flask.Response:
    interaction = _entered()
    if codes.asked(interaction, PURPOSE) is None:
        return people.go(interaction.url("/signup/"))
    return _code(interaction)


@bp.post("/code")
def prove() -> flask.Response:
    interaction = _entered()
    try:
        number = codes.check(interaction, PURPOSE, people.text("sms_code"), people.here())
    except codes.CodeNotAsked:
        return people.go(interaction.url("/signup/"))
    except IdpError as error:
        return _code(interaction, people.failed(error))
    proofs.keep(interaction, number)
    return people.go(interaction.url("/signup/agreement"))


@bp.get("/taken")
def taken() -> flask.Response:
    """Said only to who has just proven the number, and nothing more is said."""
    interaction = _entered()
    number = proofs.number_of(interaction)
    if number is None or accounts.by_phone(number) is None:
        return people.go(interaction.url("/signup/"))
    return people.page(
        "signup/taken.html",
        interaction,
        masked=masking.phone(number),
        login_url=interaction.url("/login/proven"),
        not_mine_url=interaction.url("/signup/not-mine"),
    )


@bp.post("/not-mine")
def not_mine() -> flask.Response:
    interaction = _entered()
    number = proofs.number_of(interaction)
    holder = accounts.by_phone(number) if number else None
    if holder is None:
        return people.go(interaction.url("/signup/"))
    if not handover.in_doubt(holder):
        raise NumberInUse
    # The choices of a number that may have changed hands are sign-in's to show.
    return flask.redirect(interaction.url("/login/proven"), 307)  # type: ignore[return-value]


@bp.get("/agreement")
def agreement() -> flask.Response:
    interaction = _entered()
    number = proofs.number_of(interaction)
    if number is None:
        return people.go(interaction.url("/signup/"))
    if _held(interaction, number):
        return people.go(interaction.url("/signup/taken"))
    return _agreement(interaction, number)


@bp.post("/agreement")
def agree() -> flask.Response:
    interaction = _entered()
    number = proofs.number_of(interaction)
    if number is None:
        return people.go(interaction.url("/signup/"))
    if _held(interaction, number):
        return people.go(interaction.url("/signup/taken"))
    wish = Wish(
        number,
        people.text("username").strip(),
        people.text("password"),
        interaction.result.get("displace") or "",
    )
    if failed := _wrong(wish):
        return _agreement(interaction, number, failed)
    try:
        account = opening.open_account(wish)
    except PhoneTaken:  # the other tab was first
        return people.go(interaction.url("/signup/taken"))
    except IdpError as error:
        return _agreement(interaction, number, people.failed(error, "username"))
    return _welcome(interaction, account)


@bp.get("/agreements/<name>")
def text(name: str) -> flask.Response:
    """The text of an agreement, for anybody to read."""
    people.language()
    found = agreements.find(name)
    if found is None:
        raise PageNotFound
    return people.page(f"agreements/{name}.html", None, agreement=found, version=found.version)


def _entered() -> Interaction:
    """Where one account alone may answer, a new one is no answer."""
    interaction = people.entered()
    if interaction.account_id or interaction.result.get("done"):
        flask.abort(people.go(interaction.url("/login/")))
    return interaction


def _held(interaction: Interaction, number: str) -> bool:
    """Whether somebody has the number who is not going to lose it to this person."""
    holder = accounts.by_phone(number)
    if holder is None:
        return False
    return holder.id != interaction.result.get("displace") or not handover.lapsed(holder)


def _wrong(wish: Wish) -> Failed | None:
    """Everything to mend, at once; the first of it leads."""
    if wish.username or wish.password:
        try:
            credentials.count(services.sealer.index("phone", wish.number))
        except TooManyChoices as error:
            return people.failed(error, "username")
    found: list[tuple[IdpError, list[str]]] = []
    if wish.username and not credentials.username_fits(wish.username):
        found.append((BadUsername(), []))
    if wish.password:
        reasons = credentials.weaknesses(wish.password, wish.username, wish.number)
        found += [(WeakPassword(), reasons)] if reasons else []
    if not people.text("agree"):
        found.append((agreements.NotAgreed(), []))
    if not found:
        return None
    errors = {error.field: reasons or error for error, reasons in found}
    return Failed(found[0][0], {"username": wish.username}, errors)


def _welcome(interaction: Interaction, account: Account) -> flask.Response:
    client_id = interaction.client.client_id if interaction.client else ""
    try:
        sessions.start(account, ("sms",), client_id=client_id)
    except sessions.ProofVoid:  # somebody else has proven the number since
        return people.go(interaction.url("/login/"))
    if onward := linking.onward(interaction) or peers.onward(interaction):
        return people.go(onward)
    return people.leave(interaction)


def _phone(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    send_url = interaction.url("/signup/send")
    form = codes.number_form(interaction, "signup", failed, send_url=send_url)
    login_url = interaction.url("/login/")
    return people.page("signup/phone.html", interaction, failed, form=form, login_url=login_url)


def _code(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    form = codes.code_form(
        interaction,
        PURPOSE,
        failed,
        submit_url=interaction.url("/signup/code"),
        send_url=interaction.url("/signup/send"),
        change_url=interaction.url("/signup/"),
    )
    return people.page("signup/code.html", interaction, failed, form=form)


def _agreement(interaction: Interaction, number: str, failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url=interaction.url("/signup/agreement"))
    asked = Level.parse(interaction.hints.get("acr", ""))
    return people.page(
        "signup/agreement.html",
        interaction,
        failed,
        form=form,
        masked=masking.phone(number),
        two_factors=asked is not None and asked.aal > 1,
    )
