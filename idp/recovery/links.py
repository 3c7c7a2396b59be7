"""The page behind the link of a security notice: what happened, and: it was not me."""

from http import HTTPStatus

import flask

from idp import freezing, recoveries
from idp.errors import N_, IdpError
from idp.store import accounts, links
from idp.store.ephemeral import digest
from idp.store.links import NoticeLink
from idp.web import people

bp = flask.Blueprint("links", __name__, url_prefix="/n")

WHAT = {
    "new_sign_in": N_("您的账号在一个新设备上登录。"),
    "phone_changed": N_("您账号绑定的手机号码已更换。"),
    "password_changed": N_("您账号的密码已修改。"),
    "password_reset": N_("您账号的密码已通过短信验证码重新设置。"),
    "two_factor_off": N_("您的账号登录时不再要求两种验证方式。"),
    "risky_sign_in": N_("您的账号在不常用的地点或设备上登录。"),
    "linked_added": N_("您的账号绑定了微信或支付宝，可以用它登录。"),
    "linked_removed": N_("您的账号解除了微信或支付宝的绑定。"),
    "passkey_added": N_("您的账号添加了一个通行密钥。"),
    "passkey_removed": N_("您的账号移除了一个通行密钥。"),
    "totp_added": N_("您的账号添加了身份验证器。"),
    "totp_removed": N_("您的账号移除了身份验证器。"),
    "recovery_codes_made": N_("您的账号生成了新的恢复码，旧的已作废。"),
    "recovery_code_used": N_("有人用恢复码通过了您账号的验证。"),
    "recovery_begun": N_("有人申请找回您的账号，到期后账号会改用对方的手机号码和密码。"),
    "recovery_soon": N_("有人申请找回您的账号，即将到期。"),
    "number_asked": N_("有人登录您的账号，申请更换手机号码，到期后生效。"),
    "number_soon": N_("您账号的手机号码即将更换。"),
    "recovery_done": N_("您的账号已被找回，改用了新的手机号码和密码。"),
}
"""What each notice with a link was about."""
_OTHER = N_("您账号的登录方式有变化。")


class LinkOver(IdpError):
    """No notice has this link, or it was sent more than a week ago."""

    code = "HT-3513"
    message = N_("链接无效或已过期。")
    next_step = N_("请登录“我的账号”查看最近的登录；登录不了的，请选择“找回账号”。")
    status = HTTPStatus.NOT_FOUND


@bp.get("/<token>")
def opened(token: str) -> flask.Response:
    """Looking does nothing: message apps open links to show a picture of them."""
    people.language()
    link = _found(token)
    account = accounts.by_id(link.account_id)
    found = recoveries.pending_of(link.account_id)
    return people.page(
        "recovery/not_me.html",
        None,
        what=WHAT.get(link.about, _OTHER),
        at=link.at,
        good=link.good,
        frozen=account is not None and freezing.is_frozen(account),
        hall=found is not None and not recoveries.WAYS[found.way].stopped_by_number,
        submit_url=flask.url_for("links.not_me", token=token),
        login_url="/login/",
        recover_url="/recover/",
    )


@bp.post("/<token>")
def not_me(token: str) -> flask.Response:
    """Pressing it twice does it once."""
    freezing.freeze(_found(token))
    return people.go(flask.url_for("links.opened", token=token))


def _found(token: str) -> NoticeLink:
    found = links.by_token(digest(token))
    if found is None or (not found.good and found.used_at is None):
        raise LinkOver
    return found
