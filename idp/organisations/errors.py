"""What can be wrong with what is said of an organisation."""

from idp.errors import N_, IdpError


class CreditCodeMalformed(IdpError):
    """Not the form of a unified social credit code (GB 32100-2015)."""

    code = "HT-4201"
    message = N_("请输入正确的统一社会信用代码。")
    next_step = N_("代码为 18 位数字和大写字母，不含 I、O、S、V、Z；请对照营业执照或登记证书核对。")
    field = "uscc"


class CreditCodeUnusual(IdpError):
    """The check characters do not fit. Real codes break them, so it is said once and no more."""

    code = "HT-4223"
    message = N_("统一社会信用代码的校验位不符，可能输错了一位。")
    next_step = N_("请对照证照核对；如果证照上确实如此，请再次提交。")
    field = "uscc"


class CompanyNameMalformed(IdpError):
    """No name of an organisation, or one too long to be any."""

    code = "HT-4224"
    message = N_("请输入单位的全称。")
    next_step = N_("请与证照上的写法完全一致。")
    field = "organisation"


class Mismatch(IdpError):
    """The register knows the organisation, and says otherwise; which part differs is not told."""

    code = "HT-4225"
    message = N_("所填信息与登记的不一致，或您不是登记的法定代表人。")
    next_step = N_("请对照证照核对单位名称和代码；法定代表人刚变更的，请等登记更新后再试。")
    status = 422


class NoRecord(IdpError):
    """The register has no such organisation: new ones, or one just renamed."""

    code = "HT-4226"
    message = N_("没有查到这个单位。")
    next_step = N_(
        "机关、事业单位、社会组织，以及新设立或刚更名的单位，请由法定代表人携带登记证书到政务服务大厅办理；有电子营业执照的，也可以用它办理。"
    )
    status = 422


class Impossible(IdpError):
    """The service would not take what was sent."""

    code = "HT-4227"
    message = N_("所填信息未被受理，请核对后重新填写。")
    next_step = N_("请对照证照核对；仍不受理的，可以换一种方式。")
    status = 422


class CheckedTooOften(IdpError):
    """This account, or this organisation anywhere, has been checked too often today."""

    code = "HT-4228"
    message = N_("今天的核验次数已用完。")
    next_step = N_("请明天再试，或携带证照到政务服务大厅办理。")
    status = 429


class VerifierAway(IdpError):
    """No verifier could answer: nothing was decided, and no try was counted."""

    code = "HT-4229"
    message = N_("核验服务繁忙，暂时无法完成。")
    next_step = N_("已填写的内容还在，请稍后再试；这次不计入核验次数。")
    status = 503
    oauth_error = "temporarily_unavailable"


class ConsentNeeded(IdpError):
    """The box for the separate consent stayed unticked (PIPL art. 23, 29)."""

    code = "HT-4230"
    message = N_("请先同意核对您的姓名和证件号码。")
    next_step = N_("不同意则不会核验；也可以换一种方式。")
    field = "agree"


class NameUnknown(IdpError):
    """The person's name is not known here: they were seen by a network credential."""

    code = "HT-4231"
    message = N_("您的实名信息中没有姓名和证件号码，无法与单位的登记信息比对。")
    next_step = N_("请携带身份证件和单位证照到政务服务大厅办理。")
    status = 409


class LicenceOfAnother(IdpError):
    """Whoever showed the licence is somebody else than the person of the account."""

    code = "HT-4232"
    message = N_("出示营业执照的人与当前账号的实名信息不一致。")
    next_step = N_("请由法定代表人用自己的账号登录后，再出示执照。")
    status = 409


class NotTheRepresentative(IdpError):
    """The licence was shown by somebody who keeps it, not by the legal representative."""

    code = "HT-4233"
    message = N_("只有法定代表人可以绑定单位。")
    next_step = N_("请法定代表人绑定后，再授权您为经办人。")
    status = 403


class ScanCancelled(IdpError):
    """The person turned back on the phone."""

    code = "HT-4234"
    message = N_("您已在手机上取消。")
    next_step = N_("需要时请重新获取二维码。")


class ScanExpired(IdpError):
    """Nobody scanned the picture, or confirmed on the phone, in time."""

    code = "HT-4235"
    message = N_("二维码已失效。")
    next_step = N_("请重新获取二维码。")
    status = 410


class BankAccountMalformed(IdpError):
    """The number of a corporate account has 6 to 32 digits."""

    code = "HT-4236"
    message = N_("请输入正确的对公账号。")
    next_step = N_("请对照开户许可证或网上银行中的账号，只填数字。")
    field = "bank_account"


class BankCodeMalformed(IdpError):
    """The number of a bank in the payment systems (联行号) has 12 digits."""

    code = "HT-4237"
    message = N_("请输入正确的开户行联行号。")
    next_step = N_("联行号为 12 位数字，可以向开户行查询。")
    field = "bank_code"


class AmountMalformed(IdpError):
    """No amount from 0.01 to 0.99 yuan; no try was spent on it."""

    code = "HT-4238"
    message = N_("请输入 0.01 到 0.99 之间的金额。")
    next_step = N_("请在对公账户的入账明细中查看，单位为元。")
    field = "amount"


class WrongAmount(IdpError):
    """Not what arrived; the payer counts the tries."""

    code = "HT-4239"
    message = N_("金额不对，还可以填写 %(left)s 次。")
    next_step = N_("请在对公账户的入账明细中核对。")
    status = 422
    field = "amount"


class TransferFailed(IdpError):
    """Every try was spent on wrong amounts."""

    code = "HT-4240"
    message = N_("金额多次填写错误，这笔打款不能再用于验证。")
    next_step = N_("请核对账户后重新申请打款，或换一种方式。")
    status = 422


class TransferReturned(IdpError):
    """The bank sent the money back: no such account, or in another name."""

    code = "HT-4241"
    message = N_("打款被银行退回，账户名称或账号有误。")
    next_step = N_("请核对单位名称、对公账号和联行号后重新申请。")
    status = 422


class TransferExpired(IdpError):
    """Nobody entered the amount in time."""

    code = "HT-4242"
    message = N_("这笔打款已过期。")
    next_step = N_("请重新申请打款。")
    status = 410


class TransferUnderWay(IdpError):
    """The bank has not acted yet; no try was spent."""

    code = "HT-4243"
    message = N_("款项还在途中，尚未到账。")
    next_step = N_("到账后再填写金额；可以先离开，稍后从“我的单位”继续。")
    status = 409
