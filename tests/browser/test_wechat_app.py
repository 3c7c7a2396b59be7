"""The fake phone's WeChat, as whoever tries the demo meets it: a picture, a phone, a page."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from demo.plan import WECHAT_APPS
from tests.browser.person import Person
from tests.upstream.actors import IN_WECHAT

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]

NUMBER = "13800000001"
STATE = "a1B2"
IN_PROGRAM = f"{IN_WECHAT} miniProgram/{WECHAT_APPS['mini_program']}"


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


@pytest.mark.parametrize(("script", "locale"), [(True, "zh-CN"), (False, "zh-CN"), (True, "en")])
def test_a_mini_program_signs_its_person_in_once_they_are_bound(
    person: Someone, script: bool, locale: str
) -> None:
    view = person(width=360, script=script, locale=locale, agent=IN_PROGRAM)
    page, number = view.page, view.live.new_number()
    wechat = f"{view.live.plan.sandbox.url}/phone/{number}/wechat"

    view.open(wechat)
    page.check("input[name=number]")
    view.press("#program-login")
    view.press("#stranger-signup")
    assert page.input_value("#phone") == number
    view.press("#send-code")
    page.fill("#sms_code", view.live.code(number))
    view.press("#code-submit")
    page.check("#agree")
    view.press("#signup-submit")
    view.press("#link-yes")
    assert urlsplit(page.url).path == "/account/"

    view.open(f"{view.live.issuer}/oauth/logout")
    view.press("#logout-yes")
    view.open(wechat)
    page.fill("#client_id", view.live.plan.portals[0].slug)
    view.press("#program-login")
    assert "139****" in page.inner_text("#known")
    page.focus("#login-submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    view.go_on()
    assert view.greeted_at(view.live.shebao)
