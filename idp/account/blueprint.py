"""The blueprint of a person's own pages, and who may see them."""

import time
from typing import Any
from urllib.parse import quote

import flask

from idp import assurance, interactions, proofs
from idp.settings import current as settings
from idp.web import people, signed_in
from idp.web.signed_in import mine

bp = flask.Blueprint("account", __name__, url_prefix="/account")
people.init_pages(bp)

STEP_UP = "step_up"


@bp.before_request
def somebody() -> flask.Response | None:
    """Nobody is signed in: sign in, then come back to the page that was asked for."""
    return signed_in.admit(lambda: _sign_in(reason="login"))


def fresh_sign_in() -> None:
    """What guards the account is changed soon after a proof, else after another one. A picture
    that was scanned for somebody else opens none of it.
    """
    if time.time() - mine().shown_at > settings.login.fresh.total_seconds():
        flask.abort(_sign_in(reason=interactions.REAUTHENTICATE, account_id=mine().account_id))


def one_more(back: str) -> None:
    """The factor that the session lacks; ``back`` is where who has none returns to."""
    hints = {"back": back}
    flask.abort(_sign_in(reason=STEP_UP, account_id=mine().account_id, hints=hints))


def two_factors() -> None:
    """What only the whole person may do: two factors, lately. Adds the one the session lacks."""
    fresh_sign_in()
    if mine().level.aal < 2:  # noqa: PLR2004
        one_more("/account/methods")


def for_a_factor() -> None:
    """Who adds or takes away a way to prove themselves shows as much as the account can: else one
    factor would soon make the other.
    """
    if assurance.aal_of(proofs.means(signed_in.me())) < 2:  # noqa: PLR2004
        fresh_sign_in()
    else:
        two_factors()


def _sign_in(**about: Any) -> flask.Response:
    """``return_to`` is one of our own paths; what was posted is not carried along."""
    path = flask.request.path
    if flask.request.method != "GET":
        path = _PAGE_OF.get(path) or (path if _is_page(path) else "/account/")
    return people.go(interactions.open_(quote(path), **about).url("/login/"))


def _is_page(path: str) -> bool:
    return flask.current_app.url_map.bind("").test(path, "GET")


_PAGE_OF = {
    "/account/password": "/account/password",
    "/account/notices": "/account/notices",
    "/account/username": "/account/username",
    "/account/methods/two-factor": "/account/methods/two-factor",
    "/account/phone": "/account/phone",
    "/account/phone/send": "/account/phone",
    "/account/phone/prove": "/account/phone",
    "/account/phone/finish": "/account/phone",
    "/account/phone/cancel": "/account/phone",
    "/account/sessions/end": "/account/sessions",
    "/account/sessions/forget": "/account/sessions",
    "/account/merges/undo": "/account/merges",
    "/account/sessions/end-others": "/account/sessions",
    "/account/children/agree": "/account/children",
    "/account/close": "/account/close",
    "/account/export": "/account/export",
}
"""Where to go on after signing in again, for who was posting a form that is not its own page's."""
