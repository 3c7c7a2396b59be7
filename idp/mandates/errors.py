"""What may stand against acting for an organisation, or letting somebody act for it."""

from idp.errors import N_, IdpError


class NotYours(IdpError):
    """The mandate is another's, is not in force, or never was."""

    code = "HT-4211"
    message = N_("没有这项授权，或授权已失效。")
    next_step = N_("请返回“我的单位”查看最新状态。")
    status = 404


class MayNotDelegate(IdpError):
    """Who holds the mandate was not given the right to pass it on."""

    code = "HT-4212"
    message = N_("您的授权不允许转授他人。")
    next_step = N_("请由法定代表人直接授权。")
    status = 403


class BeyondYours(IdpError):
    """More than the grantor has: other matters, other portals, or an earlier start."""

    code = "HT-4213"
    message = N_("授权范围或期限超出了您本人的授权。")
    next_step = N_("请缩小事项范围、应用范围或缩短期限后再提交。")
    status = 403


class EndsAfterYours(BeyondYours):
    """It would last longer than the grantor's own, which has an end."""

    code = "HT-4252"
    message = N_("截止日期不能晚于您本人授权的截止日期 %(until)s。")
    next_step = N_("请填写 %(until)s 或更早的日期。")
    field = "ends_on"


class NothingToDo(IdpError):
    """No matter was chosen."""

    code = "HT-4253"
    message = N_("请选择授权办理的事项。")
    next_step = N_("请至少勾选一项后再提交。")
    field = "functions"


class StartImpossible(IdpError):
    """No date, or one that is over."""

    code = "HT-4254"
    message = N_("请填写今天或以后的起始日期。")
    next_step = N_("不填则在对方接受后立即生效。")
    field = "begins_on"


class EndImpossible(IdpError):
    """No date, one that is over, or one before the start."""

    code = "HT-4255"
    message = N_("请填写今天或以后的截止日期，且不能早于起始日期。")
    next_step = N_("请改正截止日期后再提交。")
    field = "ends_on"


class OfferedTooOften(IdpError):
    """More offers in a day than anybody makes in earnest."""

    code = "HT-4217"
    message = N_("今天发出的授权过多。")
    next_step = N_("请明天再试。")
    status = 429


class TooManyAgents(IdpError):
    """The mandate has as many others under it as one can have, or was passed on often enough."""

    code = "HT-4218"
    message = N_("这项授权下的经办人已达 %(most)s 人，或已多次转授，不能再授权。")
    next_step = N_("请先收回不再需要的授权，或由法定代表人直接授权。")
    status = 409


class NameNeeded(IdpError):
    """The person has not proved their real name, which acting for others needs."""

    code = "HT-4214"
    message = N_("代表单位办事，需要先完成实名认证。")
    next_step = N_("请先完成实名认证，再接受授权。")
    status = 403


class Nameless(IdpError):
    """The person has shown a network credential: there is no name to compare with the offer's."""

    code = "HT-4256"
    message = N_("您的实名信息中没有姓名，无法与授权书核对。")
    next_step = N_("请在“实名信息”中领取受理编号，携带证件到政务服务大厅登记姓名，再接受授权。")
    status = 409


class NamedOtherwise(IdpError):
    """The offer names somebody else than the person who holds its number."""

    code = "HT-4215"
    message = N_("授权书上的姓名与您的实名信息不一致。")
    next_step = N_("请联系授权人核对姓名和手机号码后重新授权。")
    status = 409


class AnothersOrganisation(IdpError):
    """The organisation has a legal representative here already, who is somebody else."""

    code = "HT-4216"
    message = N_("该单位在本平台已有法定代表人账号。")
    next_step = N_("法定代表人变更的，请携带登记证书到政务服务大厅办理。")
    status = 409


class Dissolved(IdpError):
    """The organisation is no more."""

    code = "HT-4221"
    message = N_("该单位已注销。")
    next_step = N_("如有疑问，请携带登记证书到政务服务大厅办理。")
    status = 409


class NoSuchOrganisation(IdpError):
    """No organisation with this credit code is bound here."""

    code = "HT-4222"
    message = N_("没有这个单位。")
    next_step = N_("请核对统一社会信用代码。")
    status = 404
