"""The question a ``consent`` client can never skip: may it be told these things? (PIPL art. 23)"""

from typing import Any

import flask

from idp import consents, interactions, profile, represented, sessions
from idp.consent import narrowing
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.store import accounts, clients
from idp.web import headers, i18n

bp = flask.Blueprint("consent", __name__, url_prefix="/consent")


class SomebodyElse(IdpError):
    """The session ended or changed hands while the question was on the screen."""

    code = "HT-6001"
    message = N_("登录状态已改变，本次授权没有进行。")
    next_step = N_("请返回您要访问的网站，重新点击“登录”。")
    status = 403


class ClientGone(IdpError):
    """The client was stopped while the question was on the screen."""

    code = "HT-6002"
    message = N_("该应用已停用，授权没有进行。")
    next_step = N_("请联系您要访问的网站的管理单位。")
    status = 403


@bp.get("/")
def ask() -> Any:
    interaction, session, client = _find()
    i18n.prefer(interaction.hints.get("ui_locales", ""))
    if interaction.client:
        headers.allow_form_action(interaction.client.redirect_origin)
    account = accounts.by_id(session.account_id)
    if account is None:
        raise SomebodyElse
    return flask.render_template(
        "consent/ask.html",
        client=i18n.named(client),
        **_shown(account, session, _claims(interaction)),
        submit_url=interaction.url(flask.url_for("consent.answer")),
        account_url="/account/portals",
        masked=masking.phone(account.phone) if account.phone else "",
        interaction=interaction,
    )


@bp.post("/")
def answer() -> Any:
    """Record the answer; only a clear yes is one, and a yes to the number takes its own tick."""
    interaction, session, client = _find()
    if flask.request.form.get("decision") == "allow":
        claims = frozenset(_claims(interaction))
        ticked = flask.request.form.get("number") == "yes"
        withheld: frozenset[str] = frozenset() if ticked else claims & consents.ASKED_EACH_TIME
        if withheld:
            left = narrowing.without(interaction.request, withheld)
            interaction = interactions.change(interaction, request=left)
        consents.give(session.account_id, client, claims - withheld, session.acting_for)
        interactions.note(interaction, consented=session.account_id, denied=False)
    else:
        interactions.note(interaction, denied=True)
    return flask.redirect(interaction.return_to, 303)


def _find() -> tuple[Interaction, sessions.Session, clients.Registration]:
    interaction = interactions.find(flask.request.args.get("i", ""))
    session = sessions.current()
    if session is None or session.account_id != interaction.account_id:
        raise SomebodyElse
    named = interaction.client.client_id if interaction.client else ""
    client = clients.find(named, session.epoch)
    if client is None or not client.active:
        raise ClientGone
    return interaction, session, client


def _shown(
    account: accounts.Account, session: sessions.Session, names: list[str]
) -> dict[str, list[dict[str, str]]]:
    """What would be told, masked, as ``claims``; apart from them, as ``each_time``, what is agreed
    to by a tick of its own, where there is something to tell. The identity is read only where it
    is asked for.
    """
    known = profile.of(account)
    if not profile.OF_IDENTITY.isdisjoint(names):
        known |= profile.of_identity(account.id)
    if session.acting is not None:
        known |= represented.of(session.acting)
    rows = profile.shown(known, names, i18n.locale())
    apart = consents.ASKED_EACH_TIME
    return {
        "claims": [row for row in rows if row["name"] not in apart],
        "each_time": [row for row in rows if row["name"] in apart and row["value"]],
    }


def _claims(interaction: Interaction) -> list[str]:
    """What the request asked for, as the protocol put it down when it opened this."""
    return interaction.hints.get("claims", "").split()
