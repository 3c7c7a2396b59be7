"""What can go wrong while opening an account."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class NumberInUse(IdpError):
    """The number belongs to an account that proved it lately; somebody says it is not theirs.

    A number alone never takes over an account: the hall looks at the person.
    """

    code = "HT-3005"
    message = N_("这个号码近期在另一个账号上验证过，不能在线解除。")
    next_step = N_("请携带本人身份证件到就近的政务服务中心窗口办理，或换用其他手机号码注册。")
    status = HTTPStatus.CONFLICT
