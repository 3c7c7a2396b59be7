"""Where browsers and password managers find our pages: addresses that are the same everywhere."""

import flask

from idp.passkeys import Site
from idp.services import services
from idp.web import people

bp = flask.Blueprint("well_known", __name__, url_prefix="/.well-known")


@bp.get("/change-password")
def change_password() -> flask.Response:
    """W3C: A Well-Known URL for Changing Passwords, §3."""
    return people.go("/account/password")


@bp.get("/passkey-endpoints")
def passkey_endpoints() -> dict[str, str]:
    """W3C: A Well-Known URL for Relying Party Passkey Endpoints, §3. Empty: there are none here."""
    if not Site.of(services.settings).rp_id:
        return {}
    issuer = services.settings.issuer
    return {
        "enroll": f"{issuer}/account/passkeys/new",
        "manage": f"{issuer}/account/passkeys",
    }
