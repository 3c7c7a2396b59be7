"""The blueprint of a person's own pages, and who may see them."""

import time
from urllib.parse import quote

import flask

from idp import interactions, sessions
from idp.sessions import AccountStopped, Session
from idp.settings import current as settings
from idp.store import accounts
from idp.store.accounts import Account
from idp.web import people

bp = flask.Blueprint("account", __name__, url_prefix="/account")
people.init_pages(bp)

REAUTHENTICATE = "reauthenticate"


@bp.before_request
def somebody() -> flask.Response | None:
    """Nobody is signed in: sign in, then come back to the page that was asked for."""
    people.language()
    session = sessions.current()
    if session is None:
        return _sign_in(reason="login")
    account = accounts.by_id(session.account_id)
    if account is None or not account.active:
        sessions.end(session, reason="account_stopped")
        raise AccountStopped
    sessions.touch(session)
    flask.g.account, flask.g.account_session = account, session
    return None


def me() -> Account:
    account: Account = flask.g.account
    return account


def mine() -> Session:
    session: Session = flask.g.account_session
    return session


def fresh_sign_in() -> None:
    """What guards the account is changed soon after a proof, else after another one."""
    if time.time() - mine().proved_at > settings.login.fresh.total_seconds():
        flask.abort(_sign_in(reason=REAUTHENTICATE, account_id=mine().account_id))


def _sign_in(**about: str) -> flask.Response:
    """``return_to`` is one of our own paths; what was posted is not carried along."""
    path = flask.request.path
    if flask.request.method != "GET":
        path = _PAGE_OF.get(path, "/account/")
    return people.go(interactions.open_(quote(path), **about).url("/login/"))


_PAGE_OF = {
    "/account/password": "/account/password",
    "/account/username": "/account/username",
    "/account/phone": "/account/phone",
    "/account/phone/send": "/account/phone",
    "/account/sessions/end": "/account/sessions",
    "/account/sessions/end-others": "/account/sessions",
}
"""Where to go on after signing in again, for who was posting a form."""
