"""What goes wrong with the calls we make."""

from idp.errors import N_, IdpError


class OutboundRefused(IdpError):
    """We did not call: the registered address is not one the foreign door may reach.

    ``reason`` says why: its form, a scheme other than https, or an address that is not public.
    """

    code = "HT-8001"
    message = N_("对方系统登记的地址不符合要求，未予访问。")
    next_step = N_("请联系您要访问的系统的管理单位核对登记信息。")
    status = 502
    oauth_error = "invalid_request"

    def __init__(self, reason: str):
        super().__init__(reason=reason)
        self.reason = reason


class OutboundFailed(IdpError):
    """We called and got no usable answer: unreachable, too slow, too large, or redirected.

    ``maybe_sent`` is true when the other side may have acted on the request: only such a
    failure makes repeating it risky.
    """

    code = "HT-8002"
    message = N_("对方系统暂时没有响应。")
    next_step = N_("请稍等片刻后重试；如仍不成功，请联系您要访问的系统的管理单位。")
    status = 502
    oauth_error = "temporarily_unavailable"

    def __init__(self, reason: str, *, maybe_sent: bool = False):
        super().__init__(reason=reason)
        self.reason = reason
        self.maybe_sent = maybe_sent
