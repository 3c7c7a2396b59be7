"""The pages for who is signed in: whose they are, and what the others are shown."""

from collections.abc import Callable

import flask

from idp import sessions
from idp.sessions import AccountStopped, Session
from idp.store import accounts
from idp.store.accounts import Account
from idp.store.engines import db
from idp.web import elder, i18n, people


def admit(sign_in: Callable[[], flask.Response]) -> flask.Response | None:
    """Before each request: who is not signed in gets what ``sign_in`` answers.

    Raises AccountStopped.
    """
    people.language()
    session = sessions.current()
    if session is None:
        return sign_in()
    account = accounts.by_id(session.account_id)
    if account is None or not account.active:
        sessions.end(session, reason="account_stopped")
        raise AccountStopped
    sessions.touch(session)
    _keep_choices(account)
    flask.g.account, flask.g.account_session = account, session
    return None


def _keep_choices(account: Account) -> None:
    """A language and the elder mode, chosen while signed in, follow the person."""
    chosen, elderly = flask.request.args.get("ui_locales", ""), elder.chosen()
    if chosen and i18n.locale() != account.locale:
        account.locale = i18n.locale()
    if elderly is not None:
        account.elder = elderly
    if chosen or elderly is not None:
        db.session.commit()


def me() -> Account:
    account: Account = flask.g.account
    return account


def mine() -> Session:
    session: Session = flask.g.account_session
    return session
