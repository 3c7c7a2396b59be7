"""Telling a person by text message what happened to their account: a row beside its cause."""

import secrets
from datetime import timedelta

from idp.errors import N_
from idp.store import notices as store
from idp.store import outbox
from idp.store.accounts import Account
from idp.store.ephemeral import digest
from idp.store.types import sealer

KIND = "notice"
LINK_LIFETIME = timedelta(days=7)
"""How long the link of a notice freezes the account it is about."""
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
_LENGTH = 12
"""Near 69 bits, in a text of 70 characters at most; each opens one page, for a week."""

SAID = {
    "new_sign_in": N_("您的账号在一个新设备上登录。"),
    "risky_sign_in": N_("您的账号在不常用的地点或设备上登录。"),
    "phone_changed": N_("您账号绑定的手机号码已更换。"),
    "password_changed": N_("您账号的密码已修改。"),
    "password_reset": N_("您账号的密码已通过短信验证码重新设置。"),
    "two_factor_off": N_("您的账号登录时不再要求两种验证方式。"),
    "notices_off": N_("您关闭了部分短信通知。"),
    "linked_added": N_("您的账号绑定了微信或支付宝，可以用它登录。"),
    "linked_removed": N_("您的账号解除了微信或支付宝的绑定。"),
    "peer_linked": N_("您的账号关联了一个异地账号，可以用它登录。"),
    "peer_unlinked": N_("您的账号解除了一个异地账号的关联。"),
    "passkey_added": N_("您的账号添加了一个通行密钥。"),
    "passkey_removed": N_("您的账号移除了一个通行密钥。"),
    "passkey_copied": N_("您账号的一个通行密钥可能被复制，已停用。"),
    "totp_added": N_("您的账号添加了身份验证器。"),
    "totp_removed": N_("您的账号移除了身份验证器。"),
    "recovery_codes_made": N_("您的账号生成了新的恢复码，旧的已作废。"),
    "recovery_code_used": N_("有人用恢复码通过了您账号的验证。"),
    "recovery_begun": N_("有人申请找回您的账号，到期后账号会改用对方的手机号码和密码。"),
    "recovery_soon": N_("有人申请找回您的账号，即将到期。"),
    "recovery_done": N_("您的账号已被找回，改用了新的手机号码和密码。"),
    "number_asked": N_("有人登录您的账号，申请更换手机号码，到期后生效。"),
    "number_soon": N_("您账号的手机号码即将更换。"),
    "account_frozen": N_("您的账号已冻结，所有登录已退出。"),
    "account_secured": N_("您的账号已解除冻结，并重新设置了密码。"),
    "account_stopped": N_("您的账号已停用。"),
    "account_restored": N_("您的账号已恢复使用。"),
    "accounts_merged": N_("您的两个账号已合并为一个。"),
    "merge_undone": N_("您的账号合并已撤销。"),
    "identity_displaced": N_("另一个账号已证明您实名认证的证件属于其本人。"),
    "identity_removed": N_("您账号的实名信息已由工作人员移除。"),
    "identity_changed": N_("您账号的姓名或证件已变更。"),
    "level_lowered": N_("您账号的身份级别已降低。"),
    "guardian_withdrew": N_("监护人撤回了对您实名认证的同意。"),
    "case_decided": N_("您提交的申请已有处理结果。"),
    "mandate_revoked": N_("您代表单位办事的授权已终止。"),
    "representative_appointed": N_("您已登记为单位的法定代表人。"),
    "closing_asked": N_("您申请注销账号，账号已停用。"),
    "closing_soon": N_("您申请注销的账号将于次日注销。"),
    "closing_taken_back": N_("注销申请已撤销。"),
    "account_erased": N_("您的账号已注销。"),
    "information_exported": N_("您账号的全部个人信息被下载。"),
}
"""What each notice to the holder of an account says; the others go to numbers of no account."""
OPTIONAL = ("new_sign_in", "case_decided")
"""What people may do without. All else guards the account, or a right of theirs."""


def tell(account: Account, about: str, number: str | None = None) -> None:
    """Promise the notice ``about`` to the account's number, or to ``number`` (E.164), in the
    caller's transaction. Nothing where there is no number, or its holder does without.
    """
    _tell(account, about, number)


def warn(account: Account, about: str, number: str | None = None) -> None:
    """The same of what its holder alone should have done: with a link for who says: it was not
    me.
    """
    _tell(account, about, number, "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))


def add(number: str, about: str) -> None:
    """Promise a notice to a number that is no account's, in the caller's transaction."""
    _promise(number, about)


def wanted(account: Account, about: str) -> bool:
    return about not in OPTIONAL or about not in (account.notices_off or ())


def _tell(account: Account, about: str, number: str | None, token: str = "") -> None:
    number = number or account.phone
    if not number or not wanted(account, about):
        return
    hashed = digest(token) if token else None
    made = store.add(account.id, about, number, hashed, LINK_LIFETIME)
    sealed = {"token": str(sealer().seal(KIND, token))} if token else {}
    _promise(number, about, notice=made.id, **sealed)


def _promise(number: str, about: str, **more: str) -> None:
    """The number is sealed: an outbox row holds no personal data in clear."""
    payload = {"number": str(sealer().seal("phone", number)), "template": about, **more}
    outbox.add(KIND, payload)


def number_of(payload: dict[str, str]) -> str:
    return sealer().open("phone", payload["number"])


def params_of(payload: dict[str, str]) -> dict[str, str]:
    """The variables of the notice's text: ``token``, where it has a link."""
    sealed = payload.get("token")
    return {"token": sealer().open(KIND, sealed)} if sealed else {}


def settle(payload: dict[str, str], *, sent: bool) -> None:
    """Note on the notice what became of it, in the current transaction."""
    if notice := payload.get("notice"):
        store.settle(notice, sent=sent)
