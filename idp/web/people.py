"""What the pages people pass through share: finding their interaction, filling a form again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import flask

from idp import agreements, browsers, interactions
from idp.errors import IdpError
from idp.interactions import ClientHint, Interaction, InteractionElsewhere, InteractionExpired
from idp.store import clients
from idp.web import dress, elder, headers, i18n
from idp.web.addresses import client_address
from idp.web.answers import show

_LONGEST = 4096


@dataclass(frozen=True)
class Here:
    """Which browser asks, from which address."""

    browser: str
    address: str


@dataclass(frozen=True)
class Failed:
    """A form to be shown again: what was typed, and what was wrong with it."""

    error: IdpError | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return int(self.error.status) if self.error else 200


FIRST = Failed()
"""A form nobody has filled in yet."""


def init_pages(bp: flask.Blueprint) -> None:
    """Answer an interaction that is over, or is another browser's, with a way on."""
    bp.register_error_handler(InteractionExpired, expired)
    bp.register_error_handler(InteractionElsewhere, expired)


def here() -> Here:
    return Here(browsers.current(), client_address())


def entered() -> Interaction:
    """The interaction this page's address names. Raises InteractionExpired or …Elsewhere."""
    interaction = interactions.find(flask.request.args.get("i", ""))
    dress.wear(interaction)
    language()
    asked = "ui_locales" in flask.request.args or i18n.COOKIE in flask.request.cookies
    if not asked and (wanted := interaction.hints.get("ui_locales")):
        i18n.prefer(wanted)
    return interaction


def language() -> None:
    """Keep a language, or the elder mode, chosen on the page."""
    if chosen := flask.request.args.get("ui_locales", ""):
        i18n.remember(chosen)
    if (wanted := elder.chosen()) is not None:
        elder.remember(wanted)


def page(
    template: str, interaction: Interaction | None, failed: Failed = FIRST, **context: Any
) -> flask.Response:
    """Render ``template``; its forms may lead back to the portal the person is on the way to."""
    client = interaction.client if interaction else None
    if client is not None:
        headers.allow_form_action(client.redirect_origin)
    context.setdefault("error", failed.error)
    context.setdefault("client", i18n.named(client))
    context.setdefault("agreements", agreements.current())
    context.setdefault("interaction", interaction)
    return flask.make_response(flask.render_template(template, **context), failed.status)


def go(url: str) -> flask.Response:
    """303, so that going back and reloading submit nothing twice."""
    return flask.redirect(url, 303)  # type: ignore[return-value]


def back_to(path: str) -> flask.Response:
    """Somebody reloads the address of a form, or changes the language there: show the form."""
    query = flask.request.query_string.decode()
    return go(f"{path}?{query}" if query else path)


def leave(interaction: Interaction) -> flask.Response:
    """Back to where the person was going; whatever was proven on the way is used up.

    The protocol marks its own interactions done, when it has issued a code.
    """
    over = {} if interaction.request else {"done": True}
    interactions.note(interaction, **forgotten(interaction), **over)
    return go(interaction.return_to)


def forgotten(interaction: Interaction) -> dict[str, Any]:
    """What pages noted on the way to a session, emptied: the next person starts with nothing."""
    of_the_protocol = {"denied", "declined", "consented", "done"}
    return dict.fromkeys(interaction.result.keys() - of_the_protocol)


def text(name: str) -> str:
    """One field of the form; absent, repeated or absurdly long ones do no harm."""
    return flask.request.form.get(name, "")[:_LONGEST]


def form() -> dict[str, str]:
    return {name: text(name) for name in flask.request.form}


def failed(error: IdpError, *keeps: str, reasons: list[str] | None = None) -> Failed:
    """The form again with ``error``, and with what was typed in ``keeps``."""
    errors = {error.field: reasons or error} if error.field else {}
    return Failed(error, {name: text(name) for name in keeps}, errors)


def fields(failed: Failed, **more: Any) -> dict[str, Any]:
    """What the macros of templates take as ``form``."""
    start = {"values": dict(failed.values), "errors": dict(failed.errors), "hidden": {}}
    return {**start, "captcha": None, **more}


def expired(error: IdpError) -> flask.Response:
    """The way on, for who kept a page open too long or followed somebody else's link."""
    client = client_hint(flask.request.args.get("c", ""))
    if isinstance(error, InteractionElsewhere):
        return show(error)
    language()
    rendered = flask.render_template(
        "login/expired.html", client=i18n.named(client), home_url="/account/"
    )
    return flask.make_response(rendered, error.status)


def client_hint(client_id: str) -> ClientHint | None:
    """What an address says of the portal is looked up: it chooses among registered homes."""
    found = clients.look_up(client_id) if client_id else None
    if found is None:
        return None
    home = found.initiate_login_uri or found.home_uri
    return ClientHint(found.client_id, found.name, home, "", found.name_en)
