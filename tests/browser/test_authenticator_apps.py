"""An authenticator app from its QR code to a sign-in, and recovery codes kept on paper."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import secrets_in_logs
from tests.actors import Authenticator
from tests.browser.person import Person
from tests.browser.test_real_names import VIEWS, at, newcomer
from tests.browser.test_two_portals import tab_to

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
WHO, NUMBER = "lixiuying", "13800000002"
NEXT = 31
"""Seconds: the code after the one that an app was just added with."""


def signs_in(citizen: Person) -> None:
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_password(WHO)


def proves_the_other(citizen: Person) -> None:
    """By a code to the phone, where that is asked for beside the password."""
    if not citizen.page.is_visible("#send-code"):
        return
    already = len(citizen.live.messages(NUMBER))
    citizen.press("#send-code")
    citizen.page.fill("#sms_code", citizen.live.code(NUMBER, already))
    citizen.press("#login-submit")


def codes(citizen: Person) -> list[str]:
    found = citizen.page.locator("#codes li").all_inner_texts()
    return [secrets_in_logs.remember(each.strip()) for each in found]


@pytest.mark.parametrize("view", VIEWS)
def test_an_app_is_added_used_and_taken_away(person: Someone, view: dict[str, Any]) -> None:
    citizen = person(**view)
    signs_in(citizen)
    citizen.open(f"{citizen.live.issuer}/account/methods")
    citizen.press("#methods-totp")
    citizen.press("#to-totp-new")
    proves_the_other(citizen)
    citizen.page.fill("#totp", "000000")
    citizen.press("#totp-submit")
    assert citizen.page.get_attribute("#totp", "aria-invalid") == "true"
    app = Authenticator.scans(citizen.page.content())
    citizen.page.click("#totp-by-hand")
    assert citizen.page.inner_text("#totp-secret").replace(" ", "") == app.secret
    citizen.look()
    citizen.page.fill("#totp", app.code())
    citizen.page.fill("#name", "平板电脑")
    citizen.press("#totp-submit")
    if at(citizen) != "/account/recovery-codes":  # of an earlier story
        citizen.open(f"{citizen.live.issuer}/account/recovery-codes")
        citizen.press("#codes-submit")
    written = codes(citizen)
    assert len({*written}) == 10
    assert citizen.page.is_visible("#codes-print") is citizen.script
    citizen.press("#codes-kept")
    assert "平板电脑" in citizen.said()

    again = person(**view)
    signs_in(again)
    again.open(f"{again.live.issuer}/account/methods/two-factor")
    assert again.page.is_visible("#totp"), "the app is what is asked for first"
    again.page.fill("#totp", app.code(NEXT))
    again.press("#login-submit")
    assert again.page.is_visible("#two-factor-on")

    third = person(**view)
    signs_in(third)
    third.open(f"{third.live.issuer}/account/recovery-codes")
    third.press("#tab-recovery_code")
    third.page.fill("#recovery_code", written[0].lower())
    third.press("#login-submit")
    assert "9" in third.said()

    citizen.open(f"{citizen.live.issuer}/account/totp")
    citizen.press("[id^=rename-]")
    citizen.page.fill("#name", "我的平板")
    citizen.press("#rename-submit")
    assert "我的平板" in citizen.said()
    citizen.press("[id^=remove-]")
    citizen.press("#totp-remove")
    assert "已移除" in citizen.page.inner_text("#notice")


def test_an_app_is_added_by_the_keyboard_alone(person: Someone) -> None:
    citizen = person()
    newcomer(citizen)
    citizen.open(f"{citizen.live.issuer}/account/totp")
    page, keyboard = citizen.page, citizen.page.keyboard
    tab_to(citizen, "to-totp-new")
    with page.expect_navigation():
        keyboard.press("Enter")
    app = Authenticator.scans(page.content())
    tab_to(citizen, "totp")
    keyboard.type(app.code())
    with page.expect_navigation():
        keyboard.press("Enter")
    tab_to(citizen, "codes-kept")
    with page.expect_navigation():
        keyboard.press("Enter")

    assert at(citizen) == "/account/methods"


@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_of_it_in_english(person: Someone, width: int) -> None:
    citizen = person(width=width)
    newcomer(citizen)
    citizen.open(f"{citizen.live.issuer}/account/totp?ui_locales=en")
    citizen.press("#to-totp-new")
    app = Authenticator.scans(citizen.page.content())
    citizen.page.fill("#totp", app.code())
    citizen.page.fill("#name", "Tablet")
    citizen.press("#totp-submit")
    citizen.press("#codes-kept")
    for path in ("/account/recovery-codes", "/account/methods", "/account/totp"):
        citizen.open(f"{citizen.live.issuer}{path}")
    citizen.press("[id^=remove-]")
