"""What can go wrong while getting back into an account."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class NoAccountHere(IdpError):
    """The number just proven belongs to no account; said to nobody else."""

    code = "HT-3501"
    message = N_("这个号码没有注册过账号。")
    next_step = N_("您可以直接用这个号码注册新账号，或换用账号绑定的手机号码。")
    status = HTTPStatus.NOT_FOUND
    field = "phone"


class NotRecovering(IdpError):
    """A new password was sent before the number was proven, or a second time."""

    code = "HT-3502"
    message = N_("请先验证手机号码，再设置新密码。")
    next_step = N_("请从“找回密码”重新开始。")
    status = HTTPStatus.CONFLICT
