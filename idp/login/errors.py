"""What can go wrong while signing in."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class NothingEntered(IdpError):
    """The form came without a name, a number or a password."""

    code = "HT-2001"
    message = N_("请输入用户名、手机号码或身份证号码。")
    next_step = N_("请填写后重新提交。")
    oauth_error = "invalid_request"
    field = "username"


class NoPasswordEntered(NothingEntered):
    """The form came without a password, or with one longer than any we accept."""

    code = "HT-2002"
    message = N_("请输入密码。")
    field = "password"


class WrongPassword(IdpError):
    """Name and password do not belong together; the name may not exist."""

    code = "HT-2011"
    message = N_("账号或密码错误，您还可以尝试 %(left)s 次。")
    next_step = N_("请检查后重新输入，或改用短信验证码登录。")
    field = "password"


class PasswordsWait(IdpError):
    """Too many wrong passwords for this name from this browser or address range.

    Existing or not, a name is counted alike; browsers that signed in to the account before,
    and all other methods, are not slowed.
    """

    code = "HT-2012"
    message = N_("密码错误次数过多，请 %(minutes)s 分钟后再试。")
    next_step = N_("短信验证码等其他登录方式不受影响，您可以改用其他方式登录。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "password"


class PersonMismatch(IdpError):
    """A step-up or re-authentication was answered with the proof of another account."""

    code = "HT-2021"
    message = N_("您验证的不是当前登录的账号。")
    next_step = N_("请用当前账号验证；如要换一个账号，请选择“换一个账号登录”。")
    status = HTTPStatus.FORBIDDEN


class MethodUnknown(IdpError):
    """No such sign-in method here, or the operator turned it off."""

    code = "HT-2022"
    message = N_("没有这种登录方式。")
    next_step = N_("请返回登录页面，选择页面上列出的方式。")
    status = HTTPStatus.NOT_FOUND
    oauth_error = "invalid_request"


class StepMissing(IdpError):
    """A later step was asked for before the one it needs, or a second time."""

    code = "HT-2023"
    message = N_("请先完成上一步。")
    next_step = N_("请返回登录页面，从头开始操作。")
    status = HTTPStatus.CONFLICT


class NoTotpEntered(IdpError):
    """The form came without six digits."""

    code = "HT-2031"
    message = N_("请输入 6 位动态口令。")
    next_step = N_("打开手机上的身份验证器，输入它现在显示的 6 位数字。")
    oauth_error = "invalid_request"
    field = "totp"


class WrongTotp(IdpError):
    """Not a code of any of the account's authenticator apps, now or a moment ago."""

    code = "HT-2032"
    message = N_("动态口令不正确，您还可以尝试 %(left)s 次。")
    next_step = N_("请输入验证器现在显示的 6 位数字；一直不对的，请把手机的日期和时间设为自动。")
    field = "totp"


class TotpUsed(IdpError):
    """A right code, shown a second time or after a later one (RFC 6238 §5.2)."""

    code = "HT-2033"
    message = N_("这个动态口令已经用过。")
    next_step = N_("请等验证器显示下一个口令（最多 30 秒），再输入。")
    field = "totp"


class TotpLate(IdpError):
    """A right code of some minutes ago: typed late, or the phone's clock is slow."""

    code = "HT-2034"
    message = N_("这是大约 %(minutes)s 分钟前的动态口令。")
    next_step = N_(
        "请输入验证器现在显示的口令；刚刚才显示的，说明手机时间慢了，请把日期和时间设为自动。"
    )
    field = "totp"


class TotpsWait(IdpError):
    """Too many wrong codes of authenticator apps for this account, from this browser or at all."""

    code = "HT-2035"
    message = N_("动态口令错误次数过多，请 %(minutes)s 分钟后再试。")
    next_step = N_("其他验证方式不受影响，您可以改用其他方式，例如恢复码。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "totp"


class NoRecoveryCodeEntered(IdpError):
    """The form came without a recovery code, or with something that is never one."""

    code = "HT-2041"
    message = N_("请输入恢复码。")
    next_step = N_("恢复码由 12 个字母和数字组成，例如 7K2M-9QWD-4XHT，不分大小写。")
    oauth_error = "invalid_request"
    field = "recovery_code"


class WrongRecoveryCode(IdpError):
    """Not one of the account's recovery codes, or one of a set that a newer one voided."""

    code = "HT-2042"
    message = N_("恢复码不正确，您还可以尝试 %(left)s 次。")
    next_step = N_("请核对后重新输入；重新生成过恢复码的，以前的都已作废。")
    field = "recovery_code"


class RecoveryCodeUsed(IdpError):
    """A recovery code of the present set that was used before."""

    code = "HT-2043"
    message = N_("这个恢复码已经用过。")
    next_step = N_("每个恢复码只能用一次，请换一个没有用过的。")
    field = "recovery_code"


class RecoveryCodesWait(TotpsWait):
    """Too many wrong recovery codes for this account, from this browser or at all."""

    code = "HT-2044"
    message = N_("恢复码错误次数过多，请 %(minutes)s 分钟后再试。")
    next_step = N_("其他验证方式不受影响，您可以改用其他方式。")
    field = "recovery_code"


class AccountInUse(IdpError):
    """Another account was to be proved, and it was the one signed in."""

    code = "HT-4118"
    message = N_("您验证的是当前登录的账号，请验证另一个账号。")
    next_step = N_("请用另一个账号的用户名或手机号码登录。")
    status = HTTPStatus.CONFLICT


class NumberUnused(IdpError):
    """Another account was to be proved, by a number that no account has.

    Said only to who has just proven the number.
    """

    code = "HT-4119"
    message = N_("这个手机号码没有对应的账号。")
    next_step = N_("请换用另一个账号的手机号码，或用用户名和密码登录。")
    status = HTTPStatus.CONFLICT
    field = "phone"


class ScanWaiting(IdpError):
    """The screen asks to go on before the phone has said yes."""

    code = "HT-2024"
    message = N_("还没有在手机上确认。")
    next_step = N_("请用已登录的手机扫描二维码并点“确认登录”，再回到这里继续。")
    status = HTTPStatus.CONFLICT


class ScanDenied(IdpError):
    """The person said no on their phone."""

    code = "HT-2025"
    message = N_("已在手机上取消登录。")
    next_step = N_("如需登录，请刷新二维码重新扫描，或换一种登录方式。")
    status = HTTPStatus.FORBIDDEN


class ScanOver(IdpError):
    """The picture's time is over, it was used, or what was approved on the phone holds no more."""

    code = "HT-2026"
    message = N_("二维码已失效。")
    next_step = N_("请刷新二维码重新扫描，或换一种登录方式。")
    status = HTTPStatus.GONE


class NoPasskeyShown(IdpError):
    """The form came without an answer of an authenticator: a browser without script, perhaps."""

    code = "HT-2029"
    message = N_("没有收到通行密钥。")
    next_step = N_("请点“使用通行密钥”并按设备的提示操作；浏览器不支持的，请换一种登录方式。")
    oauth_error = "invalid_request"


class SignInHeld(IdpError):
    """A rule of ``config/risk.toml`` stops sign-ins of this kind; the audit (risk.found) names it.

    The proof was good. What was counted is forgotten ``risk.window`` after the first of it.
    """

    code = "HT-2051"
    message = N_("为保护账号安全，这次登录没有继续。")
    next_step = N_("请稍后再试，或换用您平时使用的设备登录。")
    status = HTTPStatus.FORBIDDEN
