"""A screen is signed in by a phone that scans it: at each width, with script and without."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.person import Person
from tests.browser.test_real_names import VIEWS, newcomer
from tests.browser.test_two_portals import tab_to

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]


def picture(screen: Person) -> str:
    """The address the picture on the screen holds."""
    token = (screen.page.get_attribute("#scan", "data-scan-url") or "").partition("t=")[2]
    return f"{screen.live.issuer}/account/scan/{token}"


@pytest.mark.parametrize("view", VIEWS)
def test_a_screen_is_signed_in_by_a_phone(person: Someone, view: dict[str, Any]) -> None:
    phone, screen = person(width=360), person(**view)
    newcomer(phone)
    screen.open(f"{screen.live.shebao}/login")
    screen.press("a[href*='m=scan']")
    address = picture(screen)
    if not screen.script:
        screen.press("#scan-refresh")
        assert picture(screen) == address
    phone.open(address)
    assert "社会保险网上服务大厅" in phone.said()

    phone.press("#scan-yes")
    assert "已确认登录" in phone.said()
    if screen.script:  # goes on by itself
        screen.page.wait_for_url(f"{screen.live.shebao}/**")
    else:  # says so by itself
        screen.page.wait_for_selector("#scan:has-text('已确认')")
        screen.press("#login-submit")
    screen.go_on()

    assert screen.greeted_at(screen.live.shebao)


def test_a_screen_is_refused_by_the_keyboard_in_english(person: Someone) -> None:
    phone, screen = person(width=360, locale="en"), person(locale="en")
    newcomer(phone)
    screen.open(f"{screen.live.issuer}/login/")
    screen.press("a[href*='m=scan']")
    phone.open(picture(screen))
    tab_to(phone, "scan-no")
    with phone.page.expect_navigation():
        phone.page.keyboard.press("Enter")
    phone.look()

    screen.page.wait_for_selector(".ht-note--warning")
    assert screen.page.is_visible("#scan-again")
    screen.press("#scan-again")
    assert screen.page.is_visible(".ht-qr")
