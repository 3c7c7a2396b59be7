"""What can be wrong with a name or the number of a document, before any register is asked."""

from idp.errors import N_, IdpError


class UnknownDocument(IdpError):
    """The form named a kind of document we do not know: it was not ours, or is an old one."""

    code = "HT-4101"
    message = N_("请选择证件类型。")
    next_step = N_("请从列表中选择您持有的证件。")
    field = "id_type"


class NumberMalformed(IdpError):
    """The number has not the form its kind of document has."""

    code = "HT-4102"
    message = N_("请输入正确的证件号码。")
    next_step = N_("请对照证件核对位数和字母，重新输入。")
    field = "id_number"


class NumberMistyped(IdpError):
    """The check character does not fit: one digit is wrong, or two have changed places."""

    code = "HT-4103"
    message = N_("证件号码有误：可能输错了一位，或相邻两位颠倒了。")
    next_step = N_("请对照证件逐位核对后重新输入。")
    field = "id_number"


class BirthdateImpossible(IdpError):
    """The number holds a date of birth that does not exist, or one nobody alive can have."""

    code = "HT-4104"
    message = N_("证件号码有误：其中的出生日期不存在。")
    next_step = N_("请对照证件核对第 7 至 14 位后重新输入。")
    field = "id_number"


class BirthdateNeeded(IdpError):
    """The number says nothing of its holder's age, nor does the form say anything possible."""

    code = "HT-4108"
    message = N_("请填写证件上的出生日期。")
    next_step = N_(
        "这种证件的号码不含出生日期，需要填写，例如 1990-03-07，以确认是否年满 14 周岁。"
    )
    field = "birthdate"


class CameBackElsewhere(IdpError):
    """Somebody asks how a journey went that did not come back to this browser."""

    code = "HT-4109"
    message = N_("核验没有在这个浏览器中完成。")
    next_step = N_(
        "请在同一个浏览器中重新开始核验，不要把核验链接发给他人，也不要打开他人发来的核验链接。"
    )
    status = 403


class OtherDocument(IdpError):
    """The number belongs to another kind of document than the one chosen."""

    code = "HT-4105"
    message = N_("所填号码属于另一种证件，与所选的证件类型不符。")
    next_step = N_("请在“证件类型”中改选后再提交。")
    field = "id_type"


class NameMalformed(IdpError):
    """The name holds signs no name on a document has, or is too short or too long."""

    code = "HT-4106"
    message = N_("请输入证件上的姓名。")
    next_step = N_("请与证件上的写法完全一致，不要加称呼或其他符号；少数民族姓名中的点请用“·”。")
    field = "real_name"


class NameUnwritable(IdpError):
    """The name holds a character from a private area: other systems read another one there."""

    code = "HT-4107"
    message = N_("姓名中有一个字是用本机自造的编码输入的，其他系统无法识别。")
    next_step = N_("请换一种输入法输入这个字；仍然不行，请携带证件到政务服务大厅办理。")
    field = "real_name"


class Mismatch(IdpError):
    """The register knows the document, and says otherwise; which part differs is not told."""

    code = "HT-4121"
    message = N_("实名认证失败：所填信息与登记的不一致，请核对后重新填写。")
    next_step = N_("请对照证件逐项核对；信息无误仍不通过的，可到政务服务大厅办理。")
    status = 422


class NoRecord(IdpError):
    """The register has no such person: soldiers, newcomers, renamed people."""

    code = "HT-4122"
    message = N_("未查询到您的身份信息。")
    next_step = N_("新入户、更名、现役军人等情况可能查不到；请携带证件到就近政务服务大厅办理。")
    status = 422


class Impossible(IdpError):
    """The service would not take what was sent."""

    code = "HT-4123"
    message = N_("所填信息未被受理，请核对后重新填写。")
    next_step = N_("请对照证件逐项核对；信息无误仍不受理的，可到政务服务大厅办理。")
    status = 422


class CheckedTooOften(IdpError):
    """This account, this document, or its person anywhere has been checked too often today."""

    code = "HT-4124"
    message = N_("今天的核验次数已用完。")
    next_step = N_("请明天再试，或携带证件到就近政务服务大厅办理。")
    status = 429


class VerifierAway(IdpError):
    """No verifier could answer: nothing was decided, and no try was counted."""

    code = "HT-4125"
    message = N_("核验服务繁忙，暂时无法完成。")
    next_step = N_("您填写的内容还在，请稍后再提交一次；这次不计入核验次数。")
    status = 503
    oauth_error = "temporarily_unavailable"


class FaceRefused(IdpError):
    """The face was not the registered person's, not alive, or the person turned back."""

    code = "HT-4126"
    message = N_("人脸核验未通过或已取消。")
    next_step = N_("请在光线充足处重试；也可以换一种方式，或到政务服务大厅办理。")
    status = 422


class CredentialRefused(IdpError):
    """The platform did not accept the network credential, or the person turned back."""

    code = "HT-4131"
    message = N_("网证未通过认证或已取消。")
    next_step = N_("请在国家网络身份认证 App 中重新出示；也可以换一种方式，或到政务服务大厅办理。")
    status = 422


class CardMalformed(IdpError):
    """The number of a bank card does not check (ISO/IEC 7812)."""

    code = "HT-4127"
    message = N_("请输入正确的银行卡号。")
    next_step = N_("请对照银行卡正面的号码重新输入。")
    field = "bank_card"


class ConsentNeeded(IdpError):
    """The box for the separate consent stayed unticked (PIPL art. 28, 29)."""

    code = "HT-4128"
    message = N_("请先阅读并同意实名认证的说明。")
    next_step = N_("阅读后勾选“我同意”；不同意则不会核验，也不影响不要求实名的事项。")
    oauth_error = "invalid_request"
    field = "agree"


class NotTheHolder(IdpError):
    """The account signed in to with both factors is not the one that has the document.

    Told to nobody but who could sign in to it, and knows as much.
    """

    code = "HT-4132"
    message = N_("您验证的账号不是使用这个证件的账号。")
    next_step = N_("如果您还有其他账号，请换一个账号验证；也可以申诉，或到政务服务大厅办理。")
    status = 409


class SecondFactorMissing(IdpError):
    """One of the two accounts has no second factor of another kind that counts."""

    code = "HT-4133"
    message = N_("这个账号只有一种可用的登录方式，不能这样合并。")
    next_step = N_(
        "请登录该账号，在“我的账号”中设置密码或绑定手机号码；新设的密码几天后才算作第二种方式。"
        "也可以刷脸、申诉，或到政务服务大厅办理。"
    )
    status = 409
