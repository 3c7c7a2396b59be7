"""User names and passwords a person chooses: which ones may be, and why others may not."""

import re
from http import HTTPStatus

from idp.crypto.passwords import strength
from idp.errors import N_, IdpError
from idp.sms.numbers import national

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,29}")


class BadUsername(IdpError):
    """The user name is not in the form names have here; numbers of phones and cards never are."""

    code = "HT-3001"
    message = N_("用户名格式不正确。")
    next_step = N_("请使用 4 到 30 个字符，以字母开头，只含字母、数字和下划线。")
    oauth_error = "invalid_request"
    field = "username"


class NameTaken(IdpError):
    """Somebody has this user name; said only to who has proven a number or is signed in."""

    code = "HT-3002"
    message = N_("该用户名已被使用。")
    next_step = N_("请换一个用户名。")
    status = HTTPStatus.CONFLICT
    field = "username"


class WeakPassword(IdpError):
    """The password would be guessed; the page lists the reasons."""

    code = "HT-3003"
    message = N_("密码不够安全。")
    next_step = N_("请按提示修改后重新提交。")
    oauth_error = "invalid_request"
    field = "password"


class WeakNewPassword(WeakPassword):
    """The new password would be guessed; the page lists the reasons."""

    code = "HT-3006"
    message = N_("新密码不够安全。")
    field = "new_password"


def username_fits(username: str) -> bool:
    """4–30 letters, digits and underscores, a letter first: never a phone or an ID number."""
    return _USERNAME.fullmatch(username) is not None


def weaknesses(password: str, username: str | None, phone: str | None) -> list[str]:
    """Reasons to refuse a password, as messages to translate; empty when it is good."""
    hints = [username or "", national(phone) if phone else ""]
    return strength(password, [hint for hint in hints if hint])
