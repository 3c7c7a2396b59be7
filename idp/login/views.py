"""Signing in: choose a method, begin, finish; going on, going back, declining."""

from datetime import timedelta

import flask

from idp import codes, cookies, interactions, proofs
from idp.errors import IdpError
from idp.interactions import Interaction, InteractionExpired
from idp.login import (
    agreeing,
    checks,
    closing,
    held,
    judging,
    mini_program,
    numbers,
    pages,
    recovering,
    region,
    scanning,
    second,
    securing,
    stopped,
    upstream,
)
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.login.finishing import STEP_UP
from idp.login.methods.base import Attempt, LoginMethod
from idp.login.methods.passkey import Passkey
from idp.login.methods.sms import whose
from idp.services import services
from idp.sessions import AccountStopped
from idp.web import captcha, people

__all__ = [
    "agreeing",
    "bp",
    "checks",
    "closing",
    "held",
    "mini_program",
    "numbers",
    "recovering",
    "region",
    "scanning",
    "second",
    "securing",
    "stopped",
    "upstream",
]

_REMEMBERED = timedelta(days=180)
"""How long the way somebody signed in is the tab shown first in their browser."""
_NOT_HERE = (InteractionExpired, AccountStopped)
"""Failures that showing the same form again would not mend."""


@bp.get("/")
def choose() -> flask.Response:
    if "i" not in flask.request.args:
        return people.go(interactions.open_("/account/").url("/login/"))
    interaction = people.entered()
    if interaction.result.get("done"):
        return pages.done(interaction)
    if interaction.result.get("unproven") and "m" not in flask.request.args:
        return numbers.choose_again(interaction)
    if (away := region.straight_home(interaction)) is not None:
        return away
    if second.due(interaction) and not pages.on_offer(interaction):
        return people.go(interaction.url("/login/password/new"))
    return pages.show(interaction)


@bp.get("/passkey/options")
def passkey_options() -> flask.Response:
    """What the script asks the authenticator (WebAuthn §5.5)."""
    interaction = people.entered()
    pages.method(interaction, Passkey.name)
    options = Passkey.from_services(services).options(interaction)
    return flask.Response(options, mimetype="application/json")


@bp.get("/<name>/begin")
@bp.get("/<name>/finish")
@bp.get("/proven")
@bp.get("/decline")
@bp.get("/switch")
@bp.get("/number/new")
@bp.get("/agreement/decline")
@bp.get("/closing/keep")
def address_of_a_form(name: str = "") -> flask.Response:
    return people.back_to("/login/")


@bp.post("/<name>/begin")
def begin(name: str) -> flask.Response:
    interaction = people.entered()
    method = pages.method(interaction, name)
    try:
        attempt = pages.attempt(interaction, people.form())
        _guard(attempt, method, "begin")
        method.begin(attempt)
    except IdpError as error:
        return _again(interaction, method, error)
    return people.go(pages.tab(interaction, name))


@bp.post("/<name>/finish")
def finish(name: str) -> flask.Response:
    interaction = people.entered()
    if interaction.result.get("done"):
        return people.go(interaction.url("/login/"))
    method = pages.method(interaction, name)
    try:
        attempt = pages.attempt(interaction, people.form())
        _guard(attempt, method, "finish")
        outcome = method.finish(attempt)
        if method.opens:
            cookies.set_("method", name, _REMEMBERED)
        return numbers.settle(interaction, outcome)
    except IdpError as error:
        return _again(interaction, method, error)


@bp.post("/proven")
def proven() -> flask.Response:
    """Sign in with a number proven a moment ago on the way through sign-up."""
    interaction = people.entered()
    number = proofs.number_of(interaction)
    if number is None:
        raise StepMissing
    return numbers.settle(interaction, whose(number))


@bp.post("/decline")
def decline() -> flask.Response:
    """No step-up today: the portal is told the level there is."""
    interaction = people.entered()
    if interaction.reason != STEP_UP:
        raise StepMissing
    interactions.note(interaction, declined=True)
    return people.go(interaction.return_to)


@bp.post("/switch")
def switch() -> flask.Response:
    """Somebody else than the account asked for wants to go on: they start over."""
    interaction = people.entered()
    clean = interaction.result | people.forgotten(interaction)
    changed = interactions.change(
        interaction, reason=interactions.REAUTHENTICATE, account_id="", result=clean
    )
    return people.go(changed.url("/login/"))


@bp.get("/code")
def code() -> dict[str, str]:
    """How the message of this way through sign-in fares, for the script to show."""
    how = codes.fares(people.entered(), flask.request.args.get("p", ""))
    return {"state": how["state"], "message": how["refusal"]}


def _guard(attempt: Attempt, method: LoginMethod, step: str) -> None:
    """Ask for a CAPTCHA where risk does; a form that is empty is told so first."""
    if method.guarded != step:
        return
    reasons = method.risky(attempt)
    if reasons and not captcha.passed(attempt.form):
        judging.captcha_asked(reasons, method.name)
        raise captcha.CaptchaNeeded


def _again(interaction: Interaction, method: LoginMethod, error: IdpError) -> flask.Response:
    if isinstance(error, _NOT_HERE):
        raise error
    failed = people.failed(error, *method.keeps)
    if isinstance(error, captcha.CaptchaNeeded):
        pages.keep_typed(interaction, failed)
    return pages.show(interaction, method.name, failed)
