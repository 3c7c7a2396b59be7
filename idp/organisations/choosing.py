"""Whom somebody acts for at a portal: asked once in a session, on the way there."""

import flask

from idp import mandates, sessions
from idp.interactions import Interaction
from idp.organisations import views
from idp.organisations.views import bp
from idp.services import services
from idp.sessions import SessionGone
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine


@bp.get("/choose")
def choose() -> flask.Response:
    return _page(_entered())


@bp.post("/choose")
def chosen() -> flask.Response:
    """As themselves, or under one of their mandates; then on to the portal."""
    interaction, mandate = _entered(), people.text("mandate")
    try:
        if mandate:
            mandates.act(mine(), me(), mandate)
        elif mine().acting is not None:
            sessions.act(mine(), me(), None)
        else:
            sessions.stay_oneself(mine(), me())
    except SessionGone:  # another tab was first: the portal is told what that one chose
        return people.go(interaction.return_to)
    except mandates.NameNeeded:
        return views.prove_name(mandate, interaction.url("/organisations/choose"))
    except mandates.NotYours as error:
        return _page(interaction, people.failed(error))
    return people.go(interaction.return_to)


def _entered() -> Interaction:
    """The protocol decides anew for whoever signed in instead, and for whom it has let through."""
    interaction = people.entered()
    if interaction.account_id != me().id or interaction.client is None:
        flask.abort(people.go(interaction.return_to))
    return interaction


def _page(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    client_id = interaction.client.client_id if interaction.client else ""
    acting = mine().acting
    held = [each for each in mandates.in_force(me().id) if each.holds_for(client_id)]
    return people.page(
        "organisations/choose.html",
        interaction,
        failed,
        submit_url=interaction.url("/organisations/choose"),
        mandates=[views.shown(each) for each in held],
        acting=acting.mandate if acting else "",
        bind_url=interaction.url("/organisations/bind") if services.organisations.methods else "",
    )
