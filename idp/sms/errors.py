"""What goes wrong with codes by text message, in the words of whoever waits for one."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class BadNumber(IdpError):
    """The text is not a mainland mobile number, or has a prefix listed in ``refused_prefixes``."""

    code = "HT-5001"
    message = N_("请输入正确的手机号码。")
    next_step = N_("手机号码为以1开头的11位数字，请检查后重新填写。")
    oauth_error = "invalid_request"
    field = "phone"


class SmsQuotaReached(IdpError):
    """A limit on codes was reached; the subclass says which. Strangers have half a number's."""

    code = "HT-5002"
    message = N_("操作过于频繁，请稍后再试。")
    next_step = N_("请 %(seconds)s 秒后重新获取验证码。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    oauth_error = "temporarily_unavailable"
    field = "phone"


class HourQuotaReached(SmsQuotaReached):
    """``sms.number_hour`` codes went to this number within an hour."""

    code = "HT-5003"
    message = N_("该手机号码获取验证码过于频繁。")
    next_step = N_("请 %(minutes)s 分钟后重新获取，或改用其他登录方式。")


class DayQuotaReached(SmsQuotaReached):
    """``sms.number_day`` codes went to this number within 24 hours."""

    code = "HT-5004"
    message = N_("今日获取验证码次数已达上限。")
    next_step = N_("请明日再试，或改用其他登录方式。")


class BrowserQuotaReached(SmsQuotaReached):
    """``sms.device_day`` codes were asked for from this browser within 24 hours."""

    code = "HT-5005"
    message = N_("本设备今日获取验证码次数已达上限。")
    next_step = N_("请明日再试，或改用其他登录方式。")


class PlaceQuotaReached(SmsQuotaReached):
    """``sms.address_hour`` codes were asked for from this address range (or hall) in an hour.

    Browsers that proved the number before are not kept out by strangers beside them.
    """

    code = "HT-5006"
    message = N_("当前网络获取验证码过于频繁。")
    next_step = N_("请 %(minutes)s 分钟后重试，或换用其他网络、其他登录方式。")


class BudgetSpent(SmsQuotaReached):
    """``sms.day_budget`` is spent: only browsers that proved a number before get codes today."""

    code = "HT-5007"
    message = N_("今日短信发送量已达上限，暂时无法发送验证码。")
    next_step = N_("请改用密码等其他登录方式，或明日再试。")
    status = HTTPStatus.SERVICE_UNAVAILABLE


class CallQuotaReached(SmsQuotaReached):
    """``sms.number_calls`` calls went to this number today."""

    code = "HT-5008"
    message = N_("今天打给该号码的语音电话已达上限。")
    next_step = N_("请改用短信验证码或其他登录方式，或明日再试。")


class WrongCode(IdpError):
    """The code entered is not the one that was sent."""

    code = "HT-5011"
    message = N_("验证码错误，请重新输入。")
    next_step = N_("您还可以尝试 %(left)s 次。")
    field = "sms_code"


class CodeExpired(IdpError):
    """No live code: too old, used, replaced by a newer one, or asked for elsewhere."""

    code = "HT-5012"
    message = N_("验证码已过期，请重新获取。")
    next_step = N_("请点击“重新获取”，并输入最新收到的验证码。")
    field = "sms_code"


class TooManyTries(IdpError):
    """The code was guessed at too often and is void."""

    code = "HT-5013"
    message = N_("验证码错误次数过多，已失效。")
    next_step = N_("请重新获取验证码。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "sms_code"


class NumberRefused(IdpError):
    """The provider says that this number cannot be reached; no other provider is tried."""

    code = "HT-5021"
    message = N_("该手机号码无法接收验证码。")
    next_step = N_("请检查号码是否填写正确，或换用其他手机号码。")
    field = "phone"


class NumberBlocked(IdpError):
    """The number is on a provider's list of those that want no messages (退订)."""

    code = "HT-5022"
    message = N_("该手机号码已退订短信或被运营商限制。")
    next_step = N_("请联系您的运营商恢复接收短信，或改用其他登录方式。")
    field = "phone"


class CarrierLimit(IdpError):
    """The provider has its own limits per number, and this number reached one."""

    code = "HT-5023"
    message = N_("该手机号码今日或近期接收的验证码过多，运营商暂停发送。")
    next_step = N_("请稍后再试，或改用其他登录方式。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "phone"


class SmsFailed(IdpError):
    """No provider took the message. The log names each one's answer; see ``sms_alarms_total``."""

    code = "HT-5024"
    message = N_("验证码发送失败。")
    next_step = N_("请稍后重新获取，或改用其他登录方式。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class NotDelivered(IdpError):
    """A receipt says that the message did not reach the phone."""

    code = "HT-5025"
    message = N_("短信未能送达您的手机。")
    next_step = N_("请确认手机已开机、信号正常且未停机，然后重新获取。")


class NotAnswered(IdpError):
    """A receipt says that nobody answered the call, or that it did not get through."""

    code = "HT-5027"
    message = N_("电话没有接通。")
    next_step = N_("请保持手机畅通，稍后再让我们打一次，或改用短信验证码。")


class SmsUnconfirmed(IdpError):
    """A provider did not confirm in time; the message may have gone out, so it is not repeated."""

    code = "HT-5026"
    message = N_("验证码可能已经发出，但尚未得到确认。")
    next_step = N_("如果一分钟内没有收到，请重新获取验证码。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class SmsNotConfigured(IdpError):
    """``sms.providers`` is empty, or ``sms.callers`` for a call: no code can be sent."""

    code = "HT-5031"
    message = N_("短信服务尚未开通。")
    next_step = N_("请改用其他登录方式，或联系客服。")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    oauth_error = "temporarily_unavailable"


class ReceiptMalformed(IdpError):
    """A receipt pushed to us is not in the provider's form; nothing was recorded."""

    code = "HT-5041"
    message = N_("短信回执格式不正确。")
    next_step = N_("请核对短信服务商的回执配置。")
    oauth_error = "invalid_request"


class ReceiptUnwelcome(IdpError):
    """A receipt for an unknown provider, with a wrong secret, or from a network not listed."""

    code = "HT-5042"
    message = N_("页面不存在。")
    next_step = N_("请检查网址是否正确。")
    status = HTTPStatus.NOT_FOUND
    oauth_error = "invalid_request"


OUTCOMES: dict[str, type[IdpError]] = {
    error.code: error
    for error in (
        NumberRefused,
        NumberBlocked,
        CarrierLimit,
        SmsFailed,
        NotAnswered,
        NotDelivered,
        SmsUnconfirmed,
    )
}
"""What a queued message may come to, by the code its challenge remembers."""

QUOTAS: dict[str, type[SmsQuotaReached]] = {
    "minute": SmsQuotaReached,
    "hour": HourQuotaReached,
    "day": DayQuotaReached,
    "browser": BrowserQuotaReached,
    "place": PlaceQuotaReached,
    "budget": BudgetSpent,
}
"""Which limit was reached, by the reason the store gives."""
