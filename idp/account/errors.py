"""What can go wrong on a person's own pages."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class BadUsername(IdpError):
    """The user name is not in the form names have here."""

    code = "HT-4001"
    message = N_("用户名格式不正确。")
    next_step = N_("请使用 4 到 30 个字符，以字母开头，只含字母、数字和下划线。")
    oauth_error = "invalid_request"
    field = "username"


class NameTaken(IdpError):
    """Somebody else has this user name."""

    code = "HT-4002"
    message = N_("该用户名已被使用。")
    next_step = N_("请换一个用户名。")
    status = HTTPStatus.CONFLICT
    field = "username"


class WrongOldPassword(IdpError):
    """The present password, asked for before it is changed, was not the one."""

    code = "HT-4003"
    message = N_("当前密码不正确。")
    next_step = N_("请重新输入；如果忘记了密码，请退出后选择“忘记密码”。")
    status = HTTPStatus.FORBIDDEN
    field = "password"


class WeakPassword(IdpError):
    """The new password would be guessed; the page lists the reasons."""

    code = "HT-4004"
    message = N_("新密码不够安全。")
    next_step = N_("请按提示修改后重新提交。")
    oauth_error = "invalid_request"
    field = "new_password"


class TooManyOldPasswords(IdpError):
    """Too many wrong present passwords in this session's browser."""

    code = "HT-4005"
    message = N_("当前密码错误次数过多，请稍后再试。")
    next_step = N_("请 %(minutes)s 分钟后再试，或退出后选择“忘记密码”。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "password"


class NumberElsewhere(IdpError):
    """The new number, just proven, belongs to another account that proved it lately."""

    code = "HT-4006"
    message = N_("这个号码已绑定另一个账号，不能再绑定到当前账号。")
    next_step = N_("请换用其他号码；如果另一个账号也是您的，请先登录它并更换号码。")
    status = HTTPStatus.CONFLICT
    field = "phone"


class NoSuchSession(IdpError):
    """The session to end is not one of this person's, or has ended already."""

    code = "HT-4007"
    message = N_("这个登录已经退出。")
    next_step = N_("请返回“登录的设备”查看最新状态。")
    status = HTTPStatus.NOT_FOUND


class NoSuchPortal(IdpError):
    """There is no such connection, or a statute rather than consent carries it."""

    code = "HT-4008"
    message = N_("没有可以取消的授权。")
    next_step = N_("请返回“已连接的应用”查看最新状态。")
    status = HTTPStatus.NOT_FOUND
