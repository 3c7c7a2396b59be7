"""What can go wrong while opening an account."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class BadUsername(IdpError):
    """The user name is not in the form names have here; numbers of phones and cards never are."""

    code = "HT-3001"
    message = N_("用户名格式不正确。")
    next_step = N_("请使用 4 到 30 个字符，以字母开头，只含字母、数字和下划线。")
    oauth_error = "invalid_request"
    field = "username"


class NameTaken(IdpError):
    """Somebody has this user name; said only to who has proven a number."""

    code = "HT-3002"
    message = N_("该用户名已被使用。")
    next_step = N_("请换一个用户名。")
    status = HTTPStatus.CONFLICT
    field = "username"


class WeakPassword(IdpError):
    """The password would be guessed; the page lists the reasons."""

    code = "HT-3003"
    message = N_("密码不够安全。")
    next_step = N_("请按提示修改后重新提交。")
    oauth_error = "invalid_request"
    field = "password"


class NotAgreed(IdpError):
    """The box stayed unticked: no account is opened without an act of the person."""

    code = "HT-3004"
    message = N_("请先阅读并同意用户服务协议和隐私政策。")
    next_step = N_("阅读后勾选“我已阅读并同意”。")
    oauth_error = "invalid_request"
    field = "agree"


class NumberInUse(IdpError):
    """The number belongs to an account that proved it lately; somebody says it is not theirs.

    A number alone never takes over an account: the hall looks at the person.
    """

    code = "HT-3005"
    message = N_("这个号码近期在另一个账号上验证过，不能在线解除。")
    next_step = N_("请携带本人身份证件到就近的政务服务中心窗口办理，或换用其他手机号码注册。")
    status = HTTPStatus.CONFLICT
