"""WeChat from the first picture to the sign-in by it, and off again, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.person import Person
from tests.browser.test_real_names import newcomer

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
LOOKS = [
    pytest.param({"width": 1280}, id="wide"),
    pytest.param({"width": 360, "locale": "en"}, id="phone-in-english"),
    pytest.param({"script": False}, id="without-script"),
]


def scans(phone: Person, number: str, screen: Person, outcome: str = "allowed") -> None:
    """The picture the screen shows, with the phone's WeChat; then the screen goes back."""
    screen.page.wait_for_url("**/wechat/connect/picture/**")
    phone.open(f"{phone.live.plan.sandbox.url}/phone/{number}/wechat")
    phone.press("button[name=scan]")
    phone.press(f"#wechat-{outcome}")
    screen.page.wait_for_url(f"{screen.live.issuer}/**")
    screen.look()


def leaves(screen: Person, button: str) -> None:
    """Off to WeChat by a page of our own that moves on by itself."""
    screen.page.click(button)


@pytest.mark.parametrize("look", LOOKS)
def test_a_stranger_binds_wechat_signs_in_by_it_and_takes_it_off(
    person: Someone, look: dict[str, Any]
) -> None:
    screen, phone = person(**look), person(width=360)
    issuer, number = screen.live.issuer, newcomer(person())
    screen.open(f"{issuer}/login/")
    leaves(screen, "#upstream-wechat")
    scans(phone, number, screen)
    assert screen.page.url.startswith(f"{issuer}/login/unknown")

    screen.press("#stranger-login")
    screen.page.fill("#sms_code", screen.ask_for_code(number))
    screen.press("#login-submit")
    assert screen.page.url.startswith(f"{issuer}/login/linking")
    assert number not in screen.said()
    screen.press("#link-yes")
    assert screen.page.url == f"{issuer}/account/"

    screen.page.context.clear_cookies()
    screen.open(f"{issuer}/login/")
    leaves(screen, "#upstream-wechat")
    scans(phone, number, screen)
    assert screen.page.url == f"{issuer}/account/"

    screen.open(f"{issuer}/account/methods")
    screen.press("#methods-linked")
    screen.press("#unbind-wechat")
    screen.press("#linked-remove")
    assert screen.page.is_visible("#bind-wechat")


def test_who_denies_in_wechat_is_back_among_the_other_ways(person: Someone) -> None:
    screen, phone = person(width=360), person(width=360)
    number = screen.live.new_number()
    screen.open(f"{screen.live.issuer}/login/")
    leaves(screen, "#upstream-wechat")
    scans(phone, number, screen, "denied")

    assert screen.page.is_visible("#error-summary")
    assert screen.page.is_visible("#upstream-wechat")
