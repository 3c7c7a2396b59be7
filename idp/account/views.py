"""A person's own pages: what there is, where they are signed in, who was told what."""

from types import SimpleNamespace
from typing import Any

import flask

from idp import consents, levels, profile
from idp.account import (
    cases,
    children,
    closing,
    credentials,
    devices,
    export,
    history,
    identity,
    linked,
    merges,
    methods,
    notices,
    passkeys,
    peers,
    phone,
    reads,
    recovery_codes,
    scan,
    totp,
    words,
)
from idp.account.blueprint import bp
from idp.account.errors import NoSuchPortal
from idp.account.history import method_of
from idp.crypto import masking
from idp.errors import N_
from idp.store import accounts, clients, connections
from idp.store import identities as store
from idp.store.accounts import SignIn
from idp.store.connections import Connection
from idp.web import i18n, people
from idp.web.signed_in import me, mine

__all__ = [
    "bp",
    "cases",
    "children",
    "closing",
    "credentials",
    "devices",
    "export",
    "history",
    "identity",
    "linked",
    "merges",
    "methods",
    "notices",
    "passkeys",
    "peers",
    "phone",
    "reads",
    "recovery_codes",
    "scan",
    "totp",
]

_NOTICES = {
    "password": N_("密码已保存，其他设备上的登录已全部退出。"),
    "username": N_("用户名已保存。"),
    "phone": N_("手机号码已更换。"),
    "withdrawn": N_("授权已取消。"),
    "realname": N_("实名认证成功。"),
    "merged": N_("两个账号已合并。7 天内可以在“实名信息”的“合并记录”中撤销。"),
}
_NO_NUMBER = N_("您的账号没有绑定手机号码。请绑定号码，并设置用户名和密码，以免无法登录。")


@bp.get("/")
def home() -> flask.Response:
    account, found = me(), store.of(me().id)
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
            level=identity.named("ial", levels.of(account)),
            identity=identity.card(found),
            lost_name=found is None and bool(store.past_of(account.id)),
            opened_at=account.created_at,
        ),
        last_signin=_before_this(accounts.last_sign_ins(account.id)),
        notice=notice,
        notice_kind=kind,
    )


@bp.get("/portals")
def portals() -> flask.Response:
    claims = _known()
    shown = [_portal(each, claims) for each in connections.of(me().id)]
    return people.page("account/portals.html", None, portals=shown, notice=_done())


@bp.get("/portals/<client_id>/withdraw")
def withdraw(client_id: str) -> flask.Response:
    connection = _withdrawable(client_id)
    portal = _portal(connection, _known())
    return people.page(
        "account/withdraw.html",
        None,
        portal=portal,
        submit_url=portal.withdraw_url,
        back_url="/account/portals",
    )


@bp.post("/portals/<client_id>/withdraw")
def withdraw_now(client_id: str) -> flask.Response:
    consents.withdraw(me().id, _withdrawable(client_id).client_id, mine().acting_for)
    return people.go("/account/portals?done=withdrawn")


def _known() -> dict[str, Any]:
    return profile.of(me()) | profile.of_identity(me().id)


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
        claims=profile.shown(claims, connection.granted, i18n.locale()),
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
        at=before.at,
        where=words.where(before.terminal, before.region),
        method=method_of(tuple(before.methods)),
    )


def _done() -> str:
    return _NOTICES.get(flask.request.args.get("done", ""), "")
