"""Why another node could not say who a person is."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class PeerRefused(IdpError):
    """The other node is not trusted, or may not sign people in for others; the log says why."""

    code = "HT-8231"
    message = N_("%(name)s目前不能为您办理跨地区登录。")
    next_step = N_("您可以使用在本地区的账号登录，或到就近政务服务大厅办理。")
    status = HTTPStatus.FORBIDDEN


class PeerAway(IdpError):
    """The other node, or who vouches for it, does not answer."""

    code = "HT-8232"
    message = N_("%(name)s的登录服务暂时没有响应。")
    next_step = N_("请过几分钟再试，或使用在本地区的账号登录。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class PeerDeclined(IdpError):
    """The person did not sign in there, or did not agree, or their level was not enough."""

    code = "HT-8233"
    message = N_("您没有在%(name)s完成登录。")
    next_step = N_("请重新选择地区登录，或使用在本地区的账号登录。")


class AnswerRefused(IdpError):
    """What the other node answered breaks a rule of the protocol; ``reason`` in the log says
    which. Nobody was signed in.
    """

    code = "HT-8234"
    message = N_("%(name)s返回的登录结果无法核实，登录没有进行。")
    next_step = N_("请重新登录；仍然不行的，请联系服务热线并告知下面的代码。")
    status = HTTPStatus.BAD_GATEWAY

    def __init__(self, reason: str, **params: str):
        super().__init__(**params)
        self.reason = reason


class TooFar(IdpError):
    """The way from the portal has more nodes on it than allowed, or leads back to one of them."""

    code = "HT-8235"
    message = N_("登录经过的地区过多，或形成了循环，已停止。")
    next_step = N_("请返回您要访问的网站，重新登录并直接选择您账号所在的地区。")
