"""What can go wrong while signing in."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class NothingEntered(IdpError):
    """The form came without a name, a number or a password."""

    code = "HT-2001"
    message = N_("请输入用户名或手机号码。")
    next_step = N_("请填写后重新提交。")
    oauth_error = "invalid_request"
    field = "username"


class NoPasswordEntered(NothingEntered):
    """The form came without a password, or with one longer than any we accept."""

    code = "HT-2002"
    message = N_("请输入密码。")
    field = "password"


class WrongPassword(IdpError):
    """Name and password do not belong together; the name may not exist."""

    code = "HT-2011"
    message = N_("账号或密码错误，您还可以尝试 %(left)s 次。")
    next_step = N_("请检查后重新输入，或改用短信验证码登录。")
    field = "password"


class PasswordsWait(IdpError):
    """Too many wrong passwords for this name from this browser or address range.

    Existing or not, a name is counted alike; browsers that signed in to the account before,
    and all other methods, are not slowed.
    """

    code = "HT-2012"
    message = N_("密码错误次数过多，请 %(minutes)s 分钟后再试。")
    next_step = N_("短信验证码等其他登录方式不受影响，您可以改用其他方式登录。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "password"


class PersonMismatch(IdpError):
    """A step-up or re-authentication was answered with the proof of another account."""

    code = "HT-2021"
    message = N_("您验证的不是当前登录的账号。")
    next_step = N_("请用当前账号验证；如要换一个账号，请选择“换一个账号登录”。")
    status = HTTPStatus.FORBIDDEN


class MethodUnknown(IdpError):
    """No such sign-in method here, or the operator turned it off."""

    code = "HT-2022"
    message = N_("没有这种登录方式。")
    next_step = N_("请返回登录页面，选择页面上列出的方式。")
    status = HTTPStatus.NOT_FOUND
    oauth_error = "invalid_request"


class StepMissing(IdpError):
    """A later step was asked for before the one it needs, or a second time."""

    code = "HT-2023"
    message = N_("请先完成上一步。")
    next_step = N_("请返回登录页面，从头开始操作。")
    status = HTTPStatus.CONFLICT
