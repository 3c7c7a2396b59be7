"""Somebody with a phone that has WeChat, and a browser."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask

from tests import secrets_in_logs

PHONE = "13800000001"
BACK = "http://localhost:8000/login/callback"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
IN_WECHAT = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 MicroMessenger/8.0.50.2600 (0x28)"
IN_WECOM = f"{IN_WECHAT} wxwork/4.1.30"
SECRETS = {"code", "auth_code", "state"}
"""What no log may hold of a callback."""
IN_ALIPAY = "Mozilla/5.0 (Linux; Android 14) AlipayDefined Nebula AlipayClient/10.6.0"


@dataclass
class Holder:
    """``sandbox`` is asked as a browser asks it, by address."""

    sandbox: flask.Flask
    number: str = PHONE

    def __post_init__(self) -> None:
        self.browser = self.sandbox.test_client()
        self.phone = self.sandbox.test_client()

    def scans(self, url: str, outcome: str = "allowed") -> dict[str, str]:
        """What the callback gets after the picture at ``url`` was scanned; {} for no callback."""
        shown = self.sees(url)
        self.decides(shown, outcome)
        return brought(self.browser.get(f"/wechat/connect/picture/{shown}"))

    def sees(self, url: str) -> str:
        """The name of the picture at ``url``."""
        answer = self.browser.get(path(url))
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    def decides(self, shown: str, outcome: str) -> Any:
        self.phone.post(f"/phone/{self.number}/wechat/scan/{shown}")
        return self.phone.post(
            f"/phone/{self.number}/wechat/decide/{shown}", data={"outcome": outcome}
        )

    def opens_in_wechat(self, url: str, outcome: str = "allow") -> dict[str, str]:
        return brought(
            self.browser.post(
                path(url),
                data={"number": self.number, "outcome": outcome},
                headers={"User-Agent": IN_WECHAT},
            )
        )

    def opens_in_alipay(self, url: str, outcome: str = "allow") -> dict[str, str]:
        data = {"number": self.number, "outcome": outcome}
        return brought(self.browser.post(path(url), data=data))

    def taps(self, app_id: str, scope: str) -> str:
        """The code a mini program gets."""
        form = {"app_id": app_id, "scope": scope}
        return str(self.phone.post(f"/phone/{self.number}/wechat/mini", data=form).json["code"])


def path(url: str) -> str:
    """The address as the service gets it: a fragment stays in the browser."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def brought(answer: Any) -> dict[str, str]:
    """What stands in the address the browser is sent back to."""
    where = answer.headers.get("Location", "")
    found = dict(parse_qsl(urlsplit(where).query)) if where.startswith(BACK) else {}
    for name in SECRETS & found.keys():
        secrets_in_logs.remember(found[name])
    return found


def words(page: str) -> str:
    found = re.search(r'<p id="words">(.*?)</p>', page)
    return found[1] if found else ""
