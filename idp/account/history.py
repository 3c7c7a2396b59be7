"""What happened to an account, in plain words: sign-ins, failures, changes."""

from types import SimpleNamespace

import flask

from idp.account.blueprint import bp, me
from idp.errors import N_
from idp.store import accounts, audit, clients
from idp.store.accounts import SignIn
from idp.store.audit import AuditEvent
from idp.web import i18n, people

_LIMIT = 50
_METHODS = {
    frozenset({"sms"}): N_("短信验证码"),
    frozenset({"pwd"}): N_("账号密码"),
    frozenset({"sms", "pwd"}): N_("短信验证码和密码"),
}
_EVENTS = {
    "session.refused": N_("登录"),
    "account.opened": N_("开立账号"),
    "password.set": N_("设置或修改密码"),
    "password.reset": N_("通过手机号码重新设置密码"),
    "username.changed": N_("修改用户名"),
    "phone.changed": N_("更换手机号码"),
    "phone.unproven": N_("只用短信验证码登录，号码长期未验证"),
    "consent.given": N_("同意向应用提供信息"),
    "disclosure.statutory": N_("依法向应用提供信息"),
    "consent.withdrawn": N_("取消对应用的授权"),
    "account.restored": N_("恢复账号"),
}
"""What of the audit trail a person is shown of themselves, and what it is called."""


@bp.get("/history")
def history() -> flask.Response:
    found = [_sign_in(each) for each in accounts.sign_ins(me().id, _LIMIT)]
    found += [_event(each) for each in audit.of_account(me().id, tuple(_EVENTS), _LIMIT)]
    found.sort(key=lambda event: event.at, reverse=True)
    return people.page("account/history.html", None, events=found[:_LIMIT])


def method_of(amr: tuple[str, ...]) -> str:
    return _METHODS.get(frozenset(amr), "")


def _sign_in(row: SignIn) -> SimpleNamespace:
    toward = _name(row.client_id)
    return SimpleNamespace(
        at=row.at,
        text=N_("登录"),
        where=row.terminal,
        detail=toward or method_of(tuple(row.methods)),
        failed=row.outcome != "ok",
    )


def _event(row: AuditEvent) -> SimpleNamespace:
    return SimpleNamespace(
        at=row.at,
        text=_EVENTS[row.action],
        where=row.terminal,
        detail=_name(row.client_id),
        failed=row.outcome != "ok",
    )


def _name(client_id: str) -> str:
    client = clients.look_up(client_id) if client_id else None
    return i18n.named(client).name if client else ""
