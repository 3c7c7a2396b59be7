"""Which apps WeChat knows, and how its people are called in each."""

from dataclasses import dataclass
from hashlib import sha256

from sandbox.wechat.errcodes import ERRCODES

WEBSITE, OFFICIAL, MINI = "website", "official", "mini"
SECRET = "sandbox-wechat-secret"
FAILING = "wxeeeeeeeeeee"
"""Apps that begin so are answered by the errcode they end in, whatever their server asks."""
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"


@dataclass(frozen=True)
class App:
    app_id: str
    kind: str
    name: str
    platform: str = "hutong"
    """The open platform's account it is bound to; "" where it is bound to none."""
    error_page: str = ""
    """The page people see instead of the question for consent."""


_APPS = (
    App("wx0000000000000001", WEBSITE, "统一身份认证平台"),
    App("wx0000000000000002", OFFICIAL, "统一身份认证服务号"),
    App("wx0000000000000003", MINI, "统一身份认证小程序"),
    App("wx1000000000000001", WEBSITE, "未绑定开放平台的网站", platform=""),
    App("wx1000000000000002", OFFICIAL, "未绑定开放平台的服务号", platform=""),
    App("wx1000000000000003", MINI, "未绑定开放平台的小程序", platform=""),
    App("wx2000000000010004", OFFICIAL, "被封禁的服务号", error_page="10004"),
    App("wx2000000000010005", OFFICIAL, "没有网页授权权限的服务号", error_page="10005"),
    App("wx2000000000010006", OFFICIAL, "测试号", error_page="10006"),
    App("wx2000000000010015", OFFICIAL, "未授权第三方平台的服务号", error_page="10015"),
)
APPS = {app.app_id: app for app in _APPS}


def failing(errcode: int) -> str:
    """The app whose server is always answered ``errcode``."""
    return f"{FAILING}{max(errcode, 1):05}"


FAILURES = {failing(errcode): errcode for errcode in ERRCODES}


def openid(app: App, number: str) -> str:
    """28 characters, the same at every start of the sandbox."""
    return "o" + _name(f"openid {app.app_id} {number}", 27)


def unionid(app: App, number: str) -> str:
    """29 characters; "" for an app that is bound to no platform account."""
    return "o6_bm" + _name(f"unionid {app.platform} {number}", 24) if app.platform else ""


def nickname(number: str) -> str:
    return f"胡同里的猫🐱{number[-4:]}"


def _name(text: str, length: int) -> str:
    return "".join(_LETTERS[byte % 64] for byte in sha256(text.encode()).digest()[:length])
