"""The fake phone's WeChat, as whoever tries the demo meets it: a picture, a phone, a page."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from demo.plan import WECHAT_APPS
from tests.browser.person import Person

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]

NUMBER = "13800000001"
STATE = "a1B2"


def link(citizen: Person, path: str, **query: str) -> str:
    back = {"redirect_uri": f"{citizen.live.issuer}/", "response_type": "code", "state": STATE}
    order = ("appid", "redirect_uri", "response_type", "scope", "state")
    asked = {name: (query | back)[name] for name in order}
    return f"{citizen.live.plan.sandbox.url}/wechat{path}?{urlencode(asked)}#wechat_redirect"


@pytest.mark.parametrize("script", [True, False])
def test_a_picture_is_scanned_and_the_browser_goes_back(person: Someone, script: bool) -> None:
    screen, phone = person(script=script), person(script=script)
    back: list[str] = []
    screen.page.on("request", lambda request: back.append(request.url))
    screen.open(
        link(screen, "/connect/qrconnect", appid=WECHAT_APPS["website"], scope="snsapi_login")
    )
    assert screen.page.locator("img[alt='微信登录二维码']").bounding_box() is not None

    phone.open(f"{phone.live.plan.sandbox.url}/phone/{NUMBER}")
    phone.press("header a:has-text('微信')")
    phone.press("button[name=scan]")
    screen.page.locator("#state:has-text('扫描成功')").wait_for()
    phone.press("#wechat-allowed")
    assert "已允许登录" in phone.said()

    screen.page.wait_for_url(lambda url: url.startswith(screen.live.issuer))
    found = next(url for url in back if url.startswith(f"{screen.live.issuer}/?"))
    assert parse_qs(urlsplit(found).query)["state"] == [STATE]


def test_the_pages_of_wechat_and_alipay_are_readable(person: Someone) -> None:
    citizen = person(width=360)
    sandbox = citizen.live.plan.sandbox.url
    citizen.open(f"{sandbox}/phone/{NUMBER}/wechat")
    citizen.open(
        link(citizen, "/connect/qrconnect", appid=WECHAT_APPS["website"], scope="snsapi_base")
    )
    assert "Scope 参数错误" in citizen.page.inner_text("#words")
    citizen.open(
        link(
            citizen,
            "/connect/oauth2/authorize",
            appid=WECHAT_APPS["official_account"],
            scope="snsapi_userinfo",
        )
    )
    assert "请在微信客户端打开链接" in citizen.page.inner_text("#words")
    asked = {"app_id": "2021000000000000", "scope": "auth_base", "state": STATE}
    asked["redirect_uri"] = f"{citizen.live.issuer}/"
    citizen.open(f"{sandbox}/alipay/oauth2/publicAppAuthorize.htm?{urlencode(asked)}")
    citizen.page.fill("#number", NUMBER)
    citizen.open(f"{sandbox}/magic")
