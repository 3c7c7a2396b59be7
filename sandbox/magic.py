"""Numbers that make a service fail in a chosen way, everything else is delivered; and the page
that lists them, with the names that do the same to a register.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import flask

from sandbox import alipay_login
from sandbox.registry import carriers, companies, people
from sandbox.wechat import apps
from sandbox.wechat import people as wechat
from sandbox.wechat.errcodes import ERRCODES

bp = flask.Blueprint("magic", __name__)

Service = Literal["aliyun", "tencent", "gateway", "aliyun_voice", "tencent_voice"]


@dataclass(frozen=True)
class Magic:
    """One failure. ``status`` 0: the connection is cut without an answer."""

    code: str
    message: str
    status: int = 200


ALIYUN = (
    Magic("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
    Magic("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5"),
    Magic("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10"),
    Magic("isv.BUSINESS_LIMIT_CONTROL", "触发号码天级流控Permits:40"),
    Magic("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号"),
    Magic("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制"),
    Magic("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"),
    Magic("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"),
    Magic("isv.SMS_SIGNATURE_SCENE_ILLEGAL", "签名和模板类型不一致"),
    Magic("isv.SIGN_STATE_ILLEGAL", "签名状态不可用"),
    Magic("isv.SMS_SIGN_ILLEGAL", "签名禁止使用"),
    Magic("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
    Magic("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量规格不符"),
    Magic("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值"),
    Magic("isv.INVALID_PARAMETERS", "参数异常"),
    Magic("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"),
    Magic("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL"),
    Magic("isv.BLACK_KEY_CONTROL_LIMIT", "变量中传入黑名单内容"),
    Magic("isv.SMS_CONTENT_ILLEGAL", "短信内容包含禁止发送内容"),
    Magic("isv.DAY_LIMIT_CONTROL", "触发日发送限额"),
    Magic("isv.MONTH_LIMIT_CONTROL", "触发月发送限额"),
    Magic("isv.AMOUNT_NOT_ENOUGH", "账户余额不足"),
    Magic("isv.OUT_OF_SERVICE", "业务停机"),
    Magic("isv.ACCOUNT_NOT_EXISTS", "账户不存在"),
    Magic("isv.ACCOUNT_ABNORMAL", "账户异常"),
    Magic("isv.PRODUCT_UN_SUBSCRIPT", "未开通云通信产品的阿里云客户"),
    Magic("isv.PRODUCT_UNSUBSCRIBE", "产品未开通"),
    Magic("isv.EXTEND_CODE_ERROR", "扩展码使用错误"),
    Magic("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "国际/港澳台消息模板不支持发送境内号码"),
    Magic("isv.DENY_IP_RANGE", "源IP地址所在的地区被禁用"),
    Magic("isp.RAM_PERMISSION_DENY", "RAM权限不足"),
    Magic("isp.SYSTEM_ERROR", "系统错误"),
    Magic("SignatureDoesNotMatch", "Specified signature is not matched.", 400),
    Magic("SignatureNonceUsed", "Specified signature nonce was used already.", 400),
    Magic("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404),
    Magic("InvalidTimeStamp.Expired", "Specified time stamp is expired.", 400),
    Magic("Throttling.User", "Request was denied due to user flow control.", 400),
    Magic("InternalError", "The request processing has failed.", 500),
    Magic("ServiceUnavailable", "The request has failed temporarily.", 503),
)

TENCENT = (
    Magic("LimitExceeded.DeliveryFrequencyLimit", "下发短信命中了频率限制策略"),
    Magic("LimitExceeded.PhoneNumberThirtySecondLimit", "单个手机号30秒内下发短信条数超过上限"),
    Magic("LimitExceeded.PhoneNumberOneHourLimit", "单个手机号1小时内下发短信条数超过上限"),
    Magic("LimitExceeded.PhoneNumberDailyLimit", "单个手机号日下发短信条数超过上限"),
    Magic("LimitExceeded.PhoneNumberSameContentDailyLimit", "单个手机号下发相同内容超过上限"),
    Magic("LimitExceeded.PhoneNumberCountLimit", "调用接口单次提交的手机号个数超过限制"),
    Magic("LimitExceeded.AppDailyLimit", "业务短信日下发条数超过上限"),
    Magic("FailedOperation.SignatureIncorrectOrUnapproved", "签名未审批或格式错误"),
    Magic("FailedOperation.TemplateIncorrectOrUnapproved", "模板未审批或内容不匹配"),
    Magic("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "模板参数不匹配"),
    Magic("FailedOperation.PhoneNumberInBlacklist", "手机号在免打扰名单库中"),
    Magic("FailedOperation.ContainSensitiveWord", "短信内容中含有敏感词"),
    Magic("FailedOperation.InsufficientBalanceInSmsPackage", "套餐包余量不足"),
    Magic("InvalidParameterValue.IncorrectPhoneNumber", "手机号格式错误"),
    Magic("InvalidParameterValue.ContentLengthLimit", "短信内容太长"),
    Magic("InvalidParameterValue.SdkAppIdNotExist", "SdkAppId不存在"),
    Magic("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber", "不支持混合群发"),
)

TENCENT_REQUEST = (
    Magic("AuthFailure.SignatureFailure", "请求签名验证失败。"),
    Magic("AuthFailure.SignatureExpire", "签名过期。"),
    Magic("AuthFailure.SecretIdNotFound", "SecretId不存在。"),
    Magic("RequestLimitExceeded", "请求的次数超过了频率限制。"),
    Magic("MissingParameter", "缺少参数错误。"),
    Magic("InvalidParameterValue", "参数取值错误。"),
    Magic("UnauthorizedOperation", "未授权操作。"),
    Magic("InternalError", "内部错误。"),
)

GATEWAY = (
    Magic("NUMBER_INVALID", "号码无效"),
    Magic("NUMBER_BLOCKED", "用户已退订"),
    Magic("TOO_FREQUENT", "发送过于频繁"),
    Magic("BUSY", "通道繁忙"),
    Magic("SIGNATURE_NOT_FILED", "签名未报备"),
    Magic("CONTENT_REJECTED", "内容未通过审核"),
    Magic("QUOTA_SPENT", "额度用尽"),
    Magic("BAD_REQUEST", "参数错误"),
)

ALIYUN_VOICE = (
    Magic("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
    Magic("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式不合法"),
    Magic("isv.TTS_TEMPLATE_ILLEGAL", "文本转语音模板不合法"),
    Magic("isv.DISPLAY_NUMBER_ILLEGAL", "号显不合法"),
    Magic("isv.TEMPLATE_MISSING_PARAMETERS", "文本转语音模板参数缺失"),
    Magic("isv.BLACK_KEY_CONTROL_LIMIT", "模板变量中存在黑名单关键字"),
    Magic("isv.INVALID_JSON_PARAM", "JSON参数不合法"),
    Magic("isv.INVALID_PARAMETERS", "参数异常"),
    Magic("isv.PARAM_NOT_SUPPORT_URL", "变量不支持url参数"),
    Magic("isv.PARAM_LENGTH_LIMIT", "参数长度受限"),
    Magic("isv.AMOUNT_NOT_ENOUGH", "余额不足"),
    Magic("isv.OUT_OF_SERVICE", "业务停机"),
    Magic("isv.ACCOUNT_NOT_EXISTS", "账户信息不存在"),
    Magic("isv.ACCOUNT_ABNORMAL", "账户信息异常"),
    Magic("isv.PRODUCT_UNSUBSCRIBE", "产品服务未开通"),
    Magic("isp.RAM_PERMISSION_DENY", "RAM权限不足"),
    Magic("isp.SYSTEM_ERROR", "系统错误"),
    Magic("SignatureDoesNotMatch", "Specified signature is not matched.", 400),
    Magic("Throttling.User", "Request was denied due to user flow control.", 400),
    Magic("ServiceUnavailable", "The request has failed temporarily.", 503),
)

TENCENT_VOICE = (
    Magic("LimitExceeded.DeliveryFrequencyLimit", "下发语音消息命中频率限制策略"),
    Magic("InvalidParameterValue.CalledNumberVerifyFail", "被叫手机号码格式校验失败"),
    Magic("InvalidParameterValue.ContentLengthLimit", "语音模板中单个变量长度超过限制"),
    Magic("InvalidParameterValue.SdkAppidNotExist", "SDK AppID 不存在"),
    Magic("FailedOperation.AccessUpstreamTimeout", "访问上下游模块超时"),
    Magic("FailedOperation.ContainSensitiveWord", "语音内容中含有敏感词"),
    Magic("FailedOperation.FailResolvePacket", "后端请求包解析失败"),
    Magic("FailedOperation.InsufficientBalanceInVoicePackage", "套餐包余量不足"),
    Magic("FailedOperation.InvalidJsonParameters", "无效 JSON"),
    Magic("FailedOperation.InvalidParameters", "无效参数"),
    Magic("FailedOperation.JsonParseFail", "解析请求包体时候失败"),
    Magic("FailedOperation.ParametersOtherError", "语音未知错误"),
    Magic("FailedOperation.PhonenumberUnappliedOrExpired", "未申请号码或申请的号码资源已过期"),
    Magic("FailedOperation.TemplateIncorrectOrUnapproved", "模板未审核或内容不匹配"),
    Magic("InternalError.AccessUpstreamTimeout", "访问上游超时网络"),
    Magic("InternalError.RequestTimeException", "请求发起时间不正常"),
    Magic("InternalError.RestApiInterfaceNotExist", "后端不存在该 REST API 接口"),
    Magic("InternalError.SigVerificationFail", "后端 Sig 校验失败"),
    Magic("InternalError.SsoSendRecvFail", "内部sso通道超时"),
    Magic("InternalError.UpstreamError", "语音上游错误"),
    Magic("UnauthorizedOperation.SdkAppidIsDisabled", "SDK AppID 禁用发送语音消息"),
    Magic("UnauthorizedOperation.ServiceSuspendDueToArrears", "欠费被停止服务"),
    Magic("UnauthorizedOperation.VoiceSdkAppidVerifyFail", "VoiceSdkAppid 校验失败"),
    Magic("UnsupportedOperation", "操作不支持"),
)

DOWN = Magic("down", "连接被断开，没有应答", 0)
BROKEN = Magic("ServiceUnavailable", "服务不可用", 503)

# 199 0001 00NN: Aliyun, by the line of its table; the other services deliver. And so on.
_TABLES: dict[str, tuple[Service, tuple[Magic, ...], str]] = {
    "1990001": ("aliyun", ALIYUN, "阿里云：业务与网关错误"),
    "1990002": ("tencent", TENCENT, "腾讯云：号码级失败"),
    "1990003": ("tencent", TENCENT_REQUEST, "腾讯云：请求级失败"),
    "1990004": ("gateway", GATEWAY, "省级短信网关"),
    "1990008": ("aliyun_voice", ALIYUN_VOICE, "阿里云语音电话"),
    "1990010": ("tencent_voice", TENCENT_VOICE, "腾讯云语音电话"),
}
_ALL = frozenset(get_args(Service))
_SPECIAL: dict[str, tuple[frozenset[str], str, Magic | None]] = {
    "19900050001": (_ALL, "所有服务断开连接", DOWN),
    "19900050002": (_ALL, "所有服务返回503", BROKEN),
    "19900050003": (frozenset({"aliyun"}), "仅阿里云断开连接，其他正常", DOWN),
    "19900050004": (frozenset({"aliyun"}), "仅阿里云返回503，其他正常", BROKEN),
    "19900050005": (frozenset({"tencent"}), "仅腾讯云断开连接，其他正常", DOWN),
    "19900050006": (frozenset({"tencent"}), "仅腾讯云返回503，其他正常", BROKEN),
    "19900050007": (frozenset(), "所有服务应答缓慢（--slow 秒），随后送达", None),
    "19900050008": (frozenset(), "仅阿里云应答缓慢，随后送达", None),
    "19900050011": (frozenset(), "已受理但未送达：回执为失败，收件箱无短信", None),
    "19900050012": (frozenset(), "已送达，但永远没有回执", None),
    "19900050013": (frozenset(), "已送达，回执重复推送三次", None),
    "19900050014": (frozenset(), "短信正常；语音电话无人接听", None),
}
SLOW = {"19900050007": _ALL, "19900050008": {"aliyun"}}
UNANSWERED = "19900050014"
UNDELIVERED, NO_RECEIPT, REPEATED_RECEIPT = "19900050011", "19900050012", "19900050013"


def failure(service: Service, number: str, table: str = "") -> Magic | None:
    """How ``service`` fails for ``number``; ``table`` narrows it to one kind of failure."""
    services, _, special = _SPECIAL.get(number, (frozenset(), "", None))
    if service in services and not table:
        return special
    prefix, index = number[:7], int(number[7:]) - 1
    owner, entries, _ = _TABLES.get(prefix, ("", (), ""))
    if owner != service or (table and prefix != table) or not 0 <= index < len(entries):
        return None
    return entries[index]


def number_for(service: Service, code: str, message: str = "") -> str:
    """The magic number that makes ``service`` answer ``code``."""
    for prefix, (owner, entries, _) in _TABLES.items():
        for index, entry in enumerate(entries, start=1):
            if owner == service and entry.code == code and message in entry.message:
                return f"{prefix}{index:04}"
    raise KeyError(code)


@bp.get("/magic")
def numbers() -> str:
    """Every magic number and name, for whoever tries failures."""
    tables = [
        (title, [(f"{prefix}{i:04}", m) for i, m in enumerate(entries, start=1)])
        for prefix, (_, entries, title) in _TABLES.items()
    ]
    special = [(number, text) for number, (_, text, _) in _SPECIAL.items()]
    special += [(carriers.PREFIX + digit, text) for digit, text in carriers.SAID.items()]
    return flask.render_template(
        "magic.html",
        tables=tables,
        special=special,
        magic_names=_names(),
        others=[(n, t) for table in (wechat.SAID, alipay_login.SAID) for n, t in table.items()],
        errcodes=[
            (number, apps.failing(errcode), errcode, ERRCODES[errcode])
            for number, errcode in wechat.FAILURES.items()
        ],
    )


def _names() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Title, where to write it, and each name with what comes of it."""
    of_people = [(name, words) for name, (_, words) in people.MAGIC.items()]
    of_companies = [(name, words) for name, (_, words) in companies.MAGIC.items()]
    return [
        ("特殊姓名", "实名认证时把它填作姓名，号码随意（格式要正确）。", of_people),
        (
            "特殊企业名称",
            "填作企业名称、对公账户户名，或在电子营业执照页面上选择这张执照。",
            of_companies,
        ),
    ]
