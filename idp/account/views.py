"""A person's own pages: what there is, where they are signed in, who was told what."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import flask

from idp import assurance, consents, profile, sessions
from idp.account import credentials, history, phone
from idp.account.blueprint import bp, me, mine
from idp.account.errors import NoSuchPortal, NoSuchSession
from idp.account.history import method_of
from idp.crypto import masking
from idp.errors import N_
from idp.store import accounts, clients, connections
from idp.store.accounts import SignIn
from idp.store.connections import Connection
from idp.web import i18n, people

__all__ = ["bp", "credentials", "history", "phone"]

_NOTICES = {
    "password": N_("密码已保存，其他设备上的登录已全部退出。"),
    "username": N_("用户名已保存。"),
    "phone": N_("手机号码已更换。"),
    "withdrawn": N_("授权已取消。"),
    "ended": N_("已退出所选的登录。"),
}
_NO_NUMBER = N_("您的账号没有绑定手机号码。请绑定号码，并设置用户名和密码，以免无法登录。")


@bp.get("/")
def home() -> flask.Response:
    account = me()
    notice, kind = _done(), "success"
    if account.phone is None:
        notice, kind = _NO_NUMBER, "warning"
    return people.page(
        "account/home.html",
        None,
        account=SimpleNamespace(
            masked=masking.phone(account.phone) if account.phone else "",
            username=account.username or "",
            has_password=account.password_hash is not None,
            level=_level_name(),
            opened_at=account.created_at,
        ),
        last_signin=_before_this(accounts.last_sign_ins(account.id)),
        notice=notice,
        notice_kind=kind,
    )


@bp.get("/sessions")
def where() -> flask.Response:
    shown = [
        SimpleNamespace(
            id=each.id,
            device=each.terminal,
            method=method_of(each.amr),
            started=datetime.fromtimestamp(each.started, UTC),
            last_seen=datetime.fromtimestamp(each.seen, UTC),
            current=each.id == mine().id,
        )
        for each in sessions.list_of(me().id)
    ]
    return people.page("account/sessions.html", None, sessions=shown, notice=_done())


@bp.get("/sessions/end")
@bp.get("/sessions/end-others")
def address_of_a_form() -> flask.Response:
    return people.back_to("/account/sessions")


@bp.post("/sessions/end")
def end_one() -> flask.Response:
    wanted = people.text("session")
    found = next((each for each in sessions.list_of(me().id) if each.id == wanted), None)
    if found is None:
        raise NoSuchSession
    sessions.end(found, reason="ended_by_person", keep_offline=False)
    return people.go("/account/sessions?done=ended")


@bp.post("/sessions/end-others")
def end_others() -> flask.Response:
    sessions.end_all(me().id, reason="ended_by_person", keep=mine().id, keep_offline=False)
    return people.go("/account/sessions?done=ended")


@bp.get("/portals")
def portals() -> flask.Response:
    claims = profile.of(me())
    shown = [_portal(each, claims) for each in connections.of(me().id)]
    return people.page("account/portals.html", None, portals=shown, notice=_done())


@bp.get("/portals/<client_id>/withdraw")
def withdraw(client_id: str) -> flask.Response:
    connection = _withdrawable(client_id)
    portal = _portal(connection, profile.of(me()))
    return people.page(
        "account/withdraw.html",
        None,
        portal=portal,
        submit_url=portal.withdraw_url,
        back_url="/account/portals",
    )


@bp.post("/portals/<client_id>/withdraw")
def withdraw_now(client_id: str) -> flask.Response:
    consents.withdraw(me().id, _withdrawable(client_id).client_id)
    return people.go("/account/portals?done=withdrawn")


def _withdrawable(client_id: str) -> Connection:
    found = connections.find(me().id, client_id) if client_id.isprintable() else None
    if found is None or not found.live or found.legal_basis != "consent":
        raise NoSuchPortal
    return found


def _portal(connection: Connection, claims: dict[str, Any]) -> SimpleNamespace:
    client = clients.look_up(connection.client_id)
    consented = connection.legal_basis == "consent"
    path = flask.url_for("account.withdraw", client_id=connection.client_id)
    return SimpleNamespace(
        client_id=connection.client_id,
        name=i18n.named(client).name if client else connection.client_id,
        home_uri=client.home_uri if client else "",
        logo="",
        contact=client.contact if client else "",
        purpose=client.purpose if client else "",
        basis=connection.legal_basis,
        statute=connection.statute,
        claims=profile.shown(claims, connection.granted),
        since=connection.first_at,
        last_used=connection.last_at,
        withdraw_url=path if consented else "",
    )


def _before_this(rows: list[SignIn]) -> SimpleNamespace | None:
    """The sign-in before the present one: what a stranger's would be recognised by."""
    if len(rows) < 2:  # noqa: PLR2004 - this one and the one before
        return None
    before = rows[1]
    return SimpleNamespace(
        at=before.at, where=before.terminal, method=method_of(tuple(before.methods))
    )


def _done() -> str:
    return _NOTICES.get(flask.request.args.get("done", ""), "")


def _level_name() -> str:
    """What the level of the session is called, in the language of the page."""
    names = assurance.TABLE["ial"][str(mine().level.ial)]
    found: str = names["name"] if i18n.locale() == "zh-CN" else names["name_en"]
    return found
