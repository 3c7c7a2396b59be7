"""The way through a safety check without a script: a page that waits, then leads back."""

import flask

from idp.interactions import Interaction
from idp.login.blueprint import bp
from idp.login.errors import MethodUnknown
from idp.login.methods import METHODS
from idp.web import captcha, people

_FORMS = {
    "signup": "/signup/",
    "recover": "/recover/",
    "face": "/recover/face",
    "hall": "/recover/hall",
    "number": "/recover/number",
    "continue": "/recover/continue",
    "phone": "/account/phone",
}
"""Pages outside sign-in that may ask for a check, by the name they give it."""


@bp.get("/wait")
def wait() -> flask.Response:
    interaction = people.entered()
    ticket = flask.request.args.get(captcha.TICKET, "")
    if captcha.remaining(ticket) < 0:
        return people.go(_url(interaction, "/login/wait", captcha.ticket()))
    return _page(interaction, ticket)


@bp.post("/wait")
def waited() -> flask.Response:
    interaction = people.entered()
    ticket = people.text(captcha.TICKET)
    if captcha.remaining(ticket) == 0:
        return people.go(_ready(interaction, ticket))
    return people.go(_url(interaction, "/login/wait", ticket))


def _page(interaction: Interaction, ticket: str) -> flask.Response:
    return people.page(
        "login/captcha.html",
        interaction,
        form=people.fields(people.FIRST),
        wait=captcha.remaining(ticket) + 1,
        ready_url=_ready(interaction, ticket),
        submit_url=_url(interaction, "/login/wait", ""),
        hidden={captcha.TICKET: ticket},
        back_url=_ready(interaction, ""),
    )


def _ready(interaction: Interaction, ticket: str) -> str:
    return _url(interaction, _FORMS.get(_of(), "/login/"), ticket)


def _url(interaction: Interaction, path: str, ticket: str) -> str:
    rest = f"&{captcha.TICKET}={ticket}" if ticket else ""
    return f"{interaction.url(path)}&m={_of()}{rest}"


def _of() -> str:
    name = flask.request.args.get("m", "")
    if name not in METHODS and name not in _FORMS:
        raise MethodUnknown
    return name
