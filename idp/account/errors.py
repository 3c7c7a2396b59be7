"""What can go wrong on a person's own pages."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class WrongOldPassword(IdpError):
    """The present password, asked for before it is changed, was not the one."""

    code = "HT-4003"
    message = N_("当前密码不正确。")
    next_step = N_("请重新输入；如果忘记了密码，请退出后选择“忘记密码”。")
    status = HTTPStatus.FORBIDDEN
    field = "password"


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
