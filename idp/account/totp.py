"""Authenticator apps (身份验证器, TOTP): added with a check, renamed, taken away.

The secret of an app that is being added waits in Redis, sealed and bound to the session: reloading
the page or a second tab shows the same one. Its id becomes the app's, so that a form sent twice
adds one.
"""

import time
from datetime import timedelta
from typing import Any

import flask

from idp import notices, recovery_codes, sessions
from idp.account.blueprint import bp, for_a_factor
from idp.account.errors import (
    ClockOff,
    FactorTurnedOff,
    NameUnfit,
    NoSetupCode,
    NoSuchFactor,
    SetupOver,
    TooManyApps,
    WrongSetupCode,
)
from idp.account.methods import obstacle
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking, totp
from idp.errors import N_, IdpError
from idp.services import services
from idp.store import accounts, ephemeral, totps
from idp.store.engines import db, new_id
from idp.store.totps import AlreadyAdded, Totp
from idp.web import i18n, people, qr
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

MOST = 5
"""Apps of one account: each makes a guess a little more likely to be right."""
_KIND = "totp-setup"
_SETUP_FOR = timedelta(minutes=15)
_FAR = 40
"""Steps within which a code is told to be another time's: twenty minutes."""
_LONGEST_NAME = 20
_ISSUER_LETTERS = 14
"""What fits beside the rest into the QR code, each Chinese letter being nine bytes of the URI."""
_PAGE = "/account/totp"
_USUAL = N_("身份验证器")
_DONE = {
    "added": N_("身份验证器已添加。下次登录输入密码后，可以用它的动态口令作第二种验证。"),
    "renamed": N_("名称已修改。"),
    "removed": N_("身份验证器已移除，其他设备上的登录已退出。"),
}


@bp.get("/totp")
def totp_apps() -> flask.Response:
    return _list(_DONE.get(flask.request.args.get("done", ""), ""))


@bp.get("/totp/new")
def new_totp() -> flask.Response:
    for_a_factor()
    if len(totps.of(me().id)) >= MOST:
        return _list(failed=people.failed(TooManyApps(most=MOST)))
    return _setup(_pending())


@bp.post("/totp/new")
def add_totp() -> flask.Response:
    for_a_factor()
    if totps.get(me().id, people.text("setup")) is not None:
        return people.go(f"{_PAGE}?done=added")
    pending = _pending()
    try:
        if people.text("setup") != pending["id"]:
            raise SetupOver
        name = _named()
        step = _step_shown(pending["secret"])
        return _add(Totp(id=pending["id"], name=name, secret=pending["secret"], last_step=step))
    except TooManyApps as error:
        return _list(failed=people.failed(error))
    except IdpError as error:
        return _setup(pending, people.failed(error, "name"))


@bp.get("/totp/<totp_id>")
def totp_app(totp_id: str) -> flask.Response:
    app = _found(totp_id)
    return _one(app, Failed(values={"name": app.name}))


@bp.post("/totp/<totp_id>")
def rename_totp(totp_id: str) -> flask.Response:
    app = _found(totp_id)
    try:
        app.name = _named()
    except NameUnfit as error:
        return _one(app, people.failed(error, "name"))
    db.session.commit()
    return people.go(f"{_PAGE}?done=renamed")


@bp.get("/totp/<totp_id>/remove")
def ask_to_remove_totp(totp_id: str) -> flask.Response:
    for_a_factor()
    app = _found(totp_id)
    return _removal(app, obstacle(me(), "totp", app.id))


@bp.post("/totp/<totp_id>/remove")
def remove_totp(totp_id: str) -> flask.Response:
    """Of two tabs that take away two apps, the second sees what the first has left."""
    for_a_factor()
    accounts.hold(me().id)
    app = _found(totp_id)
    if hindrance := obstacle(me(), "totp", app.id):
        return _removal(app, hindrance)
    if not totps.remove(app.id):
        raise NoSuchFactor
    audit.record(events.TotpRemoved(account=me().id, factor=totp_id))
    notices.warn(me(), "totp_removed")
    # Whoever has the app may be signed in by it elsewhere.
    sessions.end_all(me().id, reason="totp_removed", keep=mine().id, keep_offline=False)
    return people.go(f"{_PAGE}?done=removed")


def _pending() -> dict[str, Any]:
    """The secret that waits to be added in this session; a new one where none does."""
    if "totp" not in services.settings.login.methods:
        raise FactorTurnedOff
    pending = ephemeral.peek_sealed(_KIND, mine().id)
    if pending is None:
        pending = {"id": new_id(), "secret": totp.new_secret()}
        ephemeral.put_sealed(_KIND, mine().id, pending, _SETUP_FOR)
    return pending


def _named() -> str:
    """Raises NameUnfit."""
    name = " ".join(people.text("name").split())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise NameUnfit(most=_LONGEST_NAME)
    return name


def _step_shown(secret: str) -> int:
    """The step of the code that was typed. Raises NoSetupCode, WrongSetupCode or ClockOff."""
    code, present = totp.normalise(people.text("totp")), totp.step_at(time.time())
    if not code:
        raise NoSetupCode
    if good := totp.steps_of(secret, code, totp.around(present)):
        return good[-1]
    if far := totp.steps_of(secret, code, totp.around(present, _FAR)):
        apart = abs(far[0] - present) * totp.STEP
        raise ClockOff(minutes=max(1, round(apart / timedelta(minutes=1))))
    raise WrongSetupCode


def _add(app: Totp) -> flask.Response:
    """Raises TooManyApps."""
    account = accounts.hold(me().id)[0]
    app.account_id = account.id
    try:
        totps.add(app)
    except AlreadyAdded:
        return people.go(f"{_PAGE}?done=added")
    if len(totps.of(account.id)) > MOST:
        db.session.rollback()
        raise TooManyApps(most=MOST)
    audit.record(events.TotpAdded(account=account.id, factor=app.id))
    notices.warn(account, "totp_added")
    db.session.commit()
    ephemeral.forget(_KIND, mine().id)
    return people.go(recovery_codes.offer(account) or f"{_PAGE}?done=added")


def _found(totp_id: str) -> Totp:
    """Raises NoSuchFactor."""
    app = totps.get(me().id, totp_id)
    if app is None:
        raise NoSuchFactor
    return app


def _list(notice: str = "", failed: Failed = FIRST) -> flask.Response:
    return people.page(
        "account/totp.html",
        None,
        failed,
        apps=totps.of(me().id),
        most=MOST,
        has_password=me().password_hash is not None,
        notice=notice,
    )


def _setup(pending: dict[str, Any], failed: Failed = FIRST) -> flask.Response:
    number = len(totps.of(me().id)) + 1
    usual = i18n.translate(_USUAL) + (f" {number}" if number > 1 else "")
    shown = (
        failed if "name" in failed.values else Failed(failed.error, {"name": usual}, failed.errors)
    )
    address = totp.uri(pending["secret"], services.settings.node.name[:_ISSUER_LETTERS], _label())
    return people.page(
        "account/totp_new.html",
        None,
        shown,
        form=people.fields(shown, hidden={"setup": pending["id"]}, submit_url=f"{_PAGE}/new"),
        picture=qr.path(address),
        address=address,
        secret=totp.in_groups(pending["secret"]),
        issuer=services.settings.node.name[:_ISSUER_LETTERS],
        label=_label(),
        longest=_LONGEST_NAME,
    )


def _label() -> str:
    """What the app calls the entry; it may be seen over a shoulder."""
    phone = me().phone
    return masking.phone(phone) if phone else masking.name(me().username or "")


def _one(app: Totp, failed: Failed) -> flask.Response:
    return people.page(
        "account/totp_one.html",
        None,
        failed,
        app=app,
        form=people.fields(failed, submit_url=f"{_PAGE}/{app.id}"),
        longest=_LONGEST_NAME,
        remove_url=f"{_PAGE}/{app.id}/remove",
    )


def _removal(app: Totp, hindrance: IdpError | None) -> flask.Response:
    return people.page(
        "account/totp_remove.html",
        None,
        people.failed(hindrance) if hindrance else FIRST,
        app=app,
        impossible=hindrance is not None,
        submit_url=f"{_PAGE}/{app.id}/remove",
        back_url=_PAGE,
    )
