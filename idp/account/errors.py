"""What can go wrong on a person's own pages."""

from http import HTTPStatus

from idp.errors import N_, IdpError


class WrongOldPassword(IdpError):
    """The present password, asked for before it is changed, was not the one."""

    code = "HT-4003"
    message = N_("当前密码不正确。")
    next_step = N_("请重新输入；如果忘记了密码，请退出后选择“忘记密码”。")
    status = HTTPStatus.FORBIDDEN
    field = "password"


class TooManyOldPasswords(IdpError):
    """Too many wrong present passwords in this session's browser."""

    code = "HT-4005"
    message = N_("当前密码错误次数过多，请稍后再试。")
    next_step = N_("请 %(minutes)s 分钟后再试，或退出后选择“忘记密码”。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    field = "password"


class NumberNotReady(IdpError):
    """The waiting time of a change is not over, or it was cancelled or finished meanwhile."""

    code = "HT-3514"
    message = N_("现在还不能更换手机号码。")
    next_step = N_("请返回查看申请的状态。")
    status = HTTPStatus.CONFLICT


class OneKindOnly(IdpError):
    """Two factors are wanted at every sign-in by somebody who has one kind."""

    code = "HT-4009"
    message = N_("您的账号只有一种验证方式，不能设置每次登录都要两种。")
    next_step = N_("请先添加另一种：设置密码（仅凭短信设置的密码要过几天才算），或添加通行密钥。")
    status = HTTPStatus.CONFLICT


class NoSetupCode(IdpError):
    """The set-up of an authenticator app was sent without six digits."""

    code = "HT-4021"
    message = N_("请输入验证器显示的 6 位动态口令。")
    next_step = N_("扫码后，验证器会显示 6 位数字，每 30 秒换一次。")
    oauth_error = "invalid_request"
    field = "totp"


class WrongSetupCode(IdpError):
    """The app's code is not one of the secret just shown; nothing was added."""

    code = "HT-4022"
    message = N_("动态口令不正确，验证器还没有添加成功。")
    next_step = N_("请输入刚扫码添加的那一项现在显示的 6 位数字；有好几项的，看名称。")
    field = "totp"


class ClockOff(IdpError):
    """The app's code is right for another time: the phone's clock goes wrong."""

    code = "HT-4023"
    message = N_("手机的时间差了大约 %(minutes)s 分钟，这样的口令登录时不能用。")
    next_step = N_("请在手机设置中把日期和时间设为自动，再输入新显示的口令。")
    status = HTTPStatus.CONFLICT
    field = "totp"


class SetupOver(IdpError):
    """The secret on the page is too old, or was made before signing in again."""

    code = "HT-4024"
    message = N_("这个二维码已经失效。")
    next_step = N_("请在验证器中删除刚添加的那一项，重新扫描下面的新二维码。")
    status = HTTPStatus.CONFLICT


class FactorTurnedOff(IdpError):
    """The operator does not offer this way to sign in (``login.methods``)."""

    code = "HT-4025"
    message = N_("本平台没有开通这种登录方式。")
    next_step = N_("请返回“登录方式”，选择页面上列出的方式。")
    status = HTTPStatus.NOT_FOUND


class TooManyApps(IdpError):
    """The account has as many authenticator apps as it may."""

    code = "HT-4026"
    message = N_("一个账号最多添加 %(most)s 个身份验证器。")
    next_step = N_("请先移除不再使用的。")
    status = HTTPStatus.CONFLICT


class NoSuchFactor(IdpError):
    """No such way to sign in on this account: it was removed, or is somebody else's."""

    code = "HT-4027"
    message = N_("没有这一项，可能已经移除。")
    next_step = N_("请返回“登录方式”查看最新状态。")
    status = HTTPStatus.NOT_FOUND


class LastWayIn(IdpError):
    """Without it nobody could sign in to the account any more."""

    code = "HT-4028"
    message = N_("这是您登录账号的最后一种方式，不能移除。")
    next_step = N_("请先添加另一种登录方式，例如绑定手机号码。")
    status = HTTPStatus.CONFLICT


class NeededForTwo(IdpError):
    """Two factors are asked at every sign-in, and without this one the account has one kind."""

    code = "HT-4029"
    message = N_("您设置了每次登录都要两种验证方式，移除后就不够两种了。")
    next_step = N_("请先在“登录方式”中取消“每次登录都要两种”，或添加另一种验证方式。")
    status = HTTPStatus.CONFLICT


class NameUnfit(IdpError):
    """The name for a way to sign in is empty, too long, or has signs that cannot be seen."""

    code = "HT-4030"
    message = N_("名称应为 1 到 %(most)s 个字。")
    next_step = N_("请改短后重新提交。")
    field = "name"


class NoSuchSession(IdpError):
    """The session to end is not one of this person's, or has ended already."""

    code = "HT-4007"
    message = N_("这个登录已经退出。")
    next_step = N_("请返回“登录的设备”查看最新状态。")
    status = HTTPStatus.NOT_FOUND


class ExportedTooOften(IdpError):
    """Everything held about the person was downloaded as often as one may in a day."""

    code = "HT-4307"
    message = N_("今天下载个人信息的次数已用完。")
    next_step = N_("请明天再试；不是您本人下载的，请立即修改密码并退出其他设备。")
    status = HTTPStatus.TOO_MANY_REQUESTS


class NoPdf(IdpError):
    """This node has not the font that PDFs are written in (``rights.pdf_font``)."""

    code = "HT-4308"
    message = N_("本平台暂时不能生成 PDF。")
    next_step = N_("请打开可打印的页面，用浏览器的“打印”另存为 PDF；或下载数据文件。")
    status = HTTPStatus.SERVICE_UNAVAILABLE


class NoSuchPortal(IdpError):
    """There is no such connection, or a statute rather than consent carries it."""

    code = "HT-4008"
    message = N_("没有可以取消的授权。")
    next_step = N_("请返回“已连接的应用”查看最新状态。")
    status = HTTPStatus.NOT_FOUND


class ScannedTooLate(IdpError):
    """A picture that is over, was answered, or never was."""

    code = "HT-4010"
    message = N_("二维码已失效。")
    next_step = N_("请在电脑上刷新二维码，再扫描一次。")
    status = HTTPStatus.GONE


class ScannedByAnother(IdpError):
    """Another phone, or another account's, scanned the picture first."""

    code = "HT-4011"
    message = N_("这个二维码已被另一部手机扫描。")
    next_step = N_("如果不是您本人在操作，请不要确认；请在电脑上刷新二维码，再扫描一次。")
    status = HTTPStatus.CONFLICT


class NothingToLend(IdpError):
    """This session proved nothing lately that may count elsewhere."""

    code = "HT-4012"
    message = N_("这部设备上的登录不能用来为其他设备确认。")
    next_step = N_("请在这部设备上退出，用短信验证码或密码重新登录后再扫描。")
    status = HTTPStatus.FORBIDDEN


class TooManyPasskeys(IdpError):
    """The account has as many passkeys as one may have (``passkeys.most``)."""

    code = "HT-4031"
    message = N_("最多可以添加 %(most)s 个通行密钥。")
    next_step = N_("请先移除一个不再使用的，再添加新的。")
    status = HTTPStatus.CONFLICT
