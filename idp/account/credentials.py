"""Changing the user name and the password, soon after a sign-in."""

from datetime import timedelta
from math import ceil
from types import SimpleNamespace

import flask

from idp import credentials, sessions
from idp.account.blueprint import bp, fresh_sign_in
from idp.account.errors import TooManyOldPasswords, WrongOldPassword
from idp.audit import events
from idp.audit import log as audit
from idp.services import services
from idp.store import accounts, throttles
from idp.store.accounts import Account, UsernameTaken
from idp.store.engines import db
from idp.store.throttles import Counter
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine


@bp.get("/username")
def username() -> flask.Response:
    fresh_sign_in()
    return _username(Failed(values={"username": me().username or ""}))


@bp.post("/username")
def set_username() -> flask.Response:
    fresh_sign_in()
    try:
        credentials.count(me().id)
    except credentials.TooManyChoices as error:
        return _username(people.failed(error, "username"))
    chosen = people.text("username").strip()
    if not credentials.username_fits(chosen):
        return _username(people.failed(credentials.BadUsername(), "username"))
    try:
        accounts.rename(me(), chosen)
    except UsernameTaken:
        return _username(people.failed(credentials.NameTaken(), "username"))
    audit.record(events.UsernameChanged(account=me().id))
    sessions.claims_changed(me().id)
    return people.go("/account/?done=username")


@bp.get("/password")
def password() -> flask.Response:
    fresh_sign_in()
    return _password()


@bp.post("/password")
def set_password() -> flask.Response:
    """The old one is asked for too: a browser left open is not its owner."""
    fresh_sign_in()
    account = me()
    chosen = people.text("new_password")
    try:
        credentials.count(account.id)
    except credentials.TooManyChoices as error:
        return _password(people.failed(error))
    if account.password_hash is not None and (failed := _wrong_old(account)):
        return _password(failed)
    if reasons := credentials.weaknesses(chosen, account.username, account.phone):
        return _password(people.failed(credentials.WeakNewPassword(), reasons=reasons))
    first = account.password_hash is None
    settles = services.settings.login.password_settles if first else None
    credentials.give(account, chosen, keep=mine().id, settles=settles)
    return people.go("/account/?done=password")


def _wrong_old(account: Account) -> Failed | None:
    limits = services.settings.login
    tries = Counter.of(account.id, "old-password", limits.browser_failures, limits.throttle)
    answer = throttles.take([tries])
    if answer.refused_by is not None:
        return people.failed(TooManyOldPasswords(minutes=_minutes(answer.wait)))
    if not services.passwords.verify(people.text("password"), account.password_hash):
        code = WrongOldPassword.code
        audit.record(events.PasswordSet(account=account.id, outcome="refused", reason=code))
        db.session.commit()
        return people.failed(WrongOldPassword())
    throttles.clear(tries)
    return None


def _minutes(wait: timedelta) -> int:
    return max(1, ceil(wait.total_seconds() / 60))


def _username(failed: Failed) -> flask.Response:
    form = people.fields(failed, submit_url="/account/username")
    return people.page("account/username.html", None, failed, form=form, account=_shown())


def _password(failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url="/account/password")
    return people.page("account/password.html", None, failed, form=form, account=_shown())


def _shown() -> SimpleNamespace:
    account = me()
    has_password = account.password_hash is not None
    return SimpleNamespace(username=account.username or "", has_password=has_password)
