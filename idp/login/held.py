"""A sign-in that risk has stopped: what the person can do now."""

import flask

from idp.interactions import Interaction
from idp.login.blueprint import bp
from idp.login.errors import SignInHeld
from idp.services import services
from idp.web import people
from idp.web.people import Failed


@bp.get("/held")
def held() -> flask.Response:
    """Says nothing of any account: whoever has the address may read it."""
    interaction: Interaction = people.entered()
    return people.page(
        "login/held.html",
        interaction,
        Failed(SignInHeld()),
        minutes=max(1, round(services.settings.risk.window.total_seconds() / 60)),
        recover_url=interaction.url("/recover/"),
        back_url=interaction.url("/login/"),
    )
