"""What fails between us and who vouches for a person: WeChat, Alipay."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class Declined(IdpError):
    """The person came back without a code: they did not allow it, or closed the page."""

    code = "HT-8101"
    message = N_("您没有同意授权，登录没有完成。")
    next_step = N_("请重新登录并选择“同意”，或改用其他登录方式。")


class CodeUnusable(IdpError):
    """The code is wrong, too old, of another app, or was used: only starting again helps."""

    code = "HT-8102"
    message = N_("授权已失效。")
    next_step = N_("请重新登录，授权后不要刷新页面或返回上一页。")


class SnapshotPerson(IdpError):
    """WeChat showed our page as a snapshot, to a made-up person who differs each time
    (``is_snapshotuser``): nobody to sign in or to bind.
    """

    code = "HT-8103"
    message = N_("微信正在以“快照”方式显示本页，无法登录。")
    next_step = N_("请点击页面底部的“使用完整服务”，然后重新登录。")


class PersonRefused(IdpError):
    """The provider holds this person's account for risky, or the account is limited."""

    code = "HT-8104"
    message = N_("对方平台提示您的账号存在风险，未能完成授权。")
    next_step = N_("请在微信或支付宝中查看账号状态并按提示处理，或改用其他登录方式。")
    status = HTTPStatus.FORBIDDEN


class UpstreamBusy(IdpError):
    """The provider does not answer, is busy, or says we ask too often."""

    code = "HT-8105"
    message = N_("对方平台繁忙，暂时无法完成授权。")
    next_step = N_("请 1 分钟后重新登录，或改用其他登录方式。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class UpstreamMisconfigured(IdpError):
    """The provider refuses us, not the person: a wrong secret, an address missing from its list,
    a right not granted. ``upstream_refuses_us`` in the log names the provider's code.
    """

    code = "HT-8106"
    message = N_("这种登录方式暂不可用。")
    next_step = N_("请改用其他登录方式。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class NoMainlandNumber(IdpError):
    """The number the mini program was given is not one of the mainland."""

    code = "HT-8107"
    message = N_("暂不支持使用非中国大陆手机号码。")
    next_step = N_("请改用中国大陆手机号码。")
