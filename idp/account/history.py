"""What happened to an account, in plain words: sign-ins, failures, changes."""

from types import SimpleNamespace

import flask

from idp.account import words
from idp.account.blueprint import bp
from idp.errors import N_
from idp.store import accounts, audit, clients
from idp.store.accounts import SignIn
from idp.store.audit import AuditEvent
from idp.store.paging import PageEnd
from idp.web import i18n, people
from idp.web.signed_in import me

_LIMIT = 50
_METHODS = {
    "sms": N_("短信验证码"),
    "pwd": N_("密码"),
    "otp": N_("动态口令"),
    "swk": N_("通行密钥"),
    "hwk": N_("安全密钥"),
    "fed": N_("微信或支付宝"),
    "scan": N_("扫码"),
    "face": N_("人脸识别"),
}
SHOWN = {
    "session.refused": N_("登录"),
    "scan.answered": N_("在手机上确认其他设备的登录"),
    "account.opened": N_("开立账号"),
    "password.set": N_("设置或修改密码"),
    "password.reset": N_("通过手机号码重新设置密码"),
    "username.changed": N_("修改用户名"),
    "linked.added": N_("绑定微信或支付宝"),
    "linked.removed": N_("解除微信或支付宝的绑定"),
    "peer.linked": N_("关联异地账号"),
    "signal.heard": N_("归属地通知账号有变更"),
    "peer.unlinked": N_("解除异地账号的关联"),
    "linked.refused": N_("用微信或支付宝登录，绑定关系不一致"),
    "passkey.added": N_("添加通行密钥"),
    "passkey.removed": N_("移除通行密钥"),
    "passkey.copied": N_("通行密钥可能被复制，已停用"),
    "browser.forgotten": N_("忘记一个登录过的浏览器"),
    "two_factor.chosen": N_("设置登录时的验证方式"),
    "notices.chosen": N_("设置接收哪些短信通知"),
    "totp.added": N_("添加身份验证器"),
    "totp.removed": N_("移除身份验证器"),
    "recovery_codes.made": N_("生成恢复码"),
    "recovery_codes.used": N_("使用恢复码"),
    "phone.changed": N_("更换手机号码"),
    "risk.found": N_("发现不寻常的登录，已采取安全措施"),
    "phone.unproven": N_("只用短信验证码登录，号码长期未验证"),
    "identity.verified": N_("实名认证"),
    "identity.refused": N_("实名认证"),
    "consent.given": N_("同意向应用提供信息"),
    "disclosure.statutory": N_("依法向应用提供信息"),
    "consent.withdrawn": N_("取消对应用的授权"),
    "identity.lowered": N_("身份级别已降低"),
    "identity.released": N_("实名信息已移出本账号"),
    "account.stopped": N_("账号已停用"),
    "account.restored": N_("恢复账号"),
    "account.frozen": N_("因表示不是本人操作，账号已冻结"),
    "account.secured": N_("解除冻结，重新设置密码"),
    "recovery.begun": N_("申请找回账号或更换号码"),
    "recovery.cancelled": N_("取消找回账号或更换号码"),
    "recovery.completed": N_("账号已找回"),
    "account.merged": N_("合并账号"),
    "account.merge_undone": N_("撤销账号合并"),
    "case.opened": N_("请工作人员办理"),
    "guardian.agreed": N_("监护人同意孩子实名认证"),
    "guardian.confirmed": N_("孩子的实名认证由大厅确认"),
    "guardian.withdrew": N_("监护人撤回对孩子实名认证的同意"),
    "guardian.replaced": N_("监护人已更换"),
    "account.exported": N_("下载个人信息"),
    "account.closing_asked": N_("申请注销账号"),
    "account.closing_taken_back": N_("撤销注销账号"),
}
"""What of the audit trail a person is shown of themselves, and what it is called."""

EVENTS = SHOWN | {
    "face.compared": N_("刷脸核验"),
    "phone.shown_by_face": N_("刷脸证明号码仍是本人的"),
    "session.started": N_("登录"),
    "session.ended": N_("退出登录"),
    "session.signed_out": N_("退出登录"),
    "session.acting": N_("切换办事身份"),
    "session.level_raised": N_("提高登录级别"),
    "agreement.accepted": N_("同意协议"),
    "case.opened": N_("提交受理材料"),
    "code.sent": N_("发送验证码"),
    "code.refused": N_("验证码未通过"),
    "grant.code_issued": N_("登录应用"),
    "token.issued": N_("应用取得了查询授权范围内信息的凭证"),
    "token.refreshed": N_("应用续期了查询信息的凭证"),
    "token.revoked": N_("应用的凭证已撤销"),
    "token.family_revoked": N_("应用的凭证已撤销"),
    "logout.delivered": N_("已通知应用退出登录"),
    "logout.undelivered": N_("通知应用退出登录"),
    "organisation.verified": N_("认证单位"),
    "organisation.refused": N_("认证单位"),
    "organisation.renamed": N_("单位名称已变更"),
    "organisation.dissolved": N_("单位已注销"),
    "organisation.representative_replaced": N_("单位的法定代表人已变更"),
    "mandate.offered": N_("授权代表单位办事"),
    "mandate.accepted": N_("接受单位授权"),
    "mandate.declined": N_("谢绝单位授权"),
    "mandate.revoked": N_("单位授权已撤销"),
    "account.shown": N_("证明另一个账号也是本人的"),
    "account.looked_up": N_("工作人员按手机号码查找账号"),
    "account.merged": N_("账号合并"),
    "account.merge_undone": N_("撤销账号合并"),
    "account.erased": N_("账号已注销"),
    "identity.read": N_("工作人员查看实名信息"),
    "case.read": N_("工作人员查看受理材料"),
    "case.decided": N_("受理材料已办结"),
    "case.lapsed": N_("受理编号已过期"),
    "entity.changed": N_("下级节点的状态变更"),
    "handles.made": N_("为其他地区核对是否同一人"),
    "trust_mark.changed": N_("信任标识的授予或收回"),
}
"""Everything a person finds when they take their information along."""


@bp.get("/history")
def history() -> flask.Response:
    """A page of it, the latest first; ``before`` is where the page before ended."""
    before, more = PageEnd.parse(flask.request.args.get("before", "")), _LIMIT + 1
    found = [_sign_in(each) for each in accounts.sign_ins(me().id, more, before)]
    found += [_event(each) for each in audit.of_account(me().id, tuple(SHOWN), more, before)]
    found.sort(key=lambda event: event.place, reverse=True)
    shown, rest = found[:_LIMIT], found[_LIMIT:]
    older = flask.url_for("account.history", before=str(shown[-1].place)) if rest else ""
    return people.page("account/history.html", None, events=shown, older_url=older)


def method_of(amr: tuple[str, ...]) -> str:
    """How somebody signed in, in the reader's language."""
    return " + ".join(i18n.translate(name) for method, name in _METHODS.items() if method in amr)


def _sign_in(row: SignIn) -> SimpleNamespace:
    toward = _name(row.client_id)
    return SimpleNamespace(
        at=row.at,
        place=PageEnd(row.at, row.id),
        text=N_("登录"),
        where=words.where(row.terminal, row.region),
        detail=toward or method_of(tuple(row.methods)),
        failed=row.outcome != "ok",
    )


def _event(row: AuditEvent) -> SimpleNamespace:
    mine = row.account == me().id
    return SimpleNamespace(
        at=row.at,
        place=PageEnd(row.at, row.id),
        text=SHOWN[row.action],
        where=row.terminal if mine else "",
        detail=_name(row.client_id) if mine else words.ROLES.get(row.role, ""),
        failed=row.outcome != "ok",
    )


def _name(client_id: str) -> str:
    client = clients.look_up(client_id) if client_id else None
    return i18n.named(client).name if client else ""
