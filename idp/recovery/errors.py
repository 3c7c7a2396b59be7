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


class NoFaces(IdpError):
    """The operator has turned on nothing that compares a face with the register."""

    code = "HT-3503"
    message = N_("本平台暂不提供刷脸核验。")
    next_step = N_("请携带本人身份证件到就近的政务服务大厅办理。")
    status = HTTPStatus.NOT_FOUND


class OtherPerson(IdpError):
    """The face was the stated person's, and the account is somebody else's by name.

    Said only to who has shown their face; whose the account is, is not told.
    """

    code = "HT-3504"
    message = N_("刷脸已通过，但您不是这个账号实名认证的本人。")
    next_step = N_("请返回选择其他办法；如有疑问，请携带身份证件到就近的政务服务大厅办理。")
    status = HTTPStatus.FORBIDDEN


class NoAccountOfPerson(IdpError):
    """No account has the name and document of who has just shown their face."""

    code = "HT-3505"
    message = N_("您名下没有完成实名认证的账号。")
    next_step = N_("您可以直接用新的手机号码注册，再完成实名认证。")
    status = HTTPStatus.NOT_FOUND


class FaceFirst(IdpError):
    """A later step was asked for before the face was shown, or too long after it."""

    code = "HT-3509"
    message = N_("请先完成上一步。")
    next_step = N_("请从“找回账号”重新开始。")
    status = HTTPStatus.CONFLICT


class NoSuchRecovery(IdpError):
    """Nothing is under way by this reference for the number just proven."""

    code = "HT-3510"
    message = N_("没有与这个号码对应的找回申请。")
    next_step = N_("请核对申请编号和手机号码；在大厅办理的，请在工作人员办结后再来。")
    status = HTTPStatus.NOT_FOUND
    field = "reference"


class NotReady(IdpError):
    """The waiting time is not over, or somebody has cancelled or finished it meanwhile."""

    code = "HT-3511"
    message = N_("这个找回申请现在不能继续办理。")
    next_step = N_("请返回查看申请的状态。")
    status = HTTPStatus.CONFLICT
