"""A person's own pages, and what the logs of a whole town may not hold."""

from collections.abc import Callable

import pytest

from idp.notices import OPTIONAL
from tests import secrets_in_logs
from tests.browser.live import Live
from tests.browser.person import Person

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]

TWICE_THE_TEXT = """
  addEventListener("DOMContentLoaded", () => {
    document.documentElement.style.setProperty("font-size", "200%", "important");
  });
"""
SLOW_CHECK = """
  const derive = crypto.subtle.deriveBits.bind(crypto.subtle);
  const later = new Promise((go) => setTimeout(go, 1500));
  crypto.subtle.deriveBits = (...given) => later.then(() => derive(...given));
"""
TRIES_UNTIL_CHECKED = 8


def signed_in_at_shebao(citizen: Person) -> Person:
    citizen.open(f"{citizen.live.shebao}/login")
    citizen.sign_in_by_code(citizen.live.new_number())
    return citizen


def links_of(citizen: Person) -> list[str]:
    found = citizen.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    home = f"{citizen.live.issuer}/account/"
    return sorted({link for link in found if link.startswith(home) and "?" not in link})


@pytest.mark.parametrize("width", [1280, 360])
def test_every_page_of_the_account_is_sound(person: Someone, width: int) -> None:
    citizen = signed_in_at_shebao(person(width=width))
    citizen.open(f"{citizen.live.issuer}/account/")
    assert "139****" in citizen.said()

    links = links_of(citizen)
    assert links, "the account's home leads nowhere"
    for link in links:
        citizen.open(link)


def test_text_twice_the_size_fits_a_small_phone(person: Someone) -> None:
    citizen = person(width=360)
    citizen.page.add_init_script(TWICE_THE_TEXT)
    signed_in_at_shebao(citizen)
    citizen.open(f"{citizen.live.issuer}/account/")
    for link in links_of(citizen):
        citizen.open(link)


def test_enter_during_the_safety_check_is_not_lost(person: Someone) -> None:
    page, live = (citizen := person()).page, citizen.live
    page.add_init_script(SLOW_CHECK)
    for _ in range(TRIES_UNTIL_CHECKED):
        page.goto(f"{live.shebao}/login")
        page.fill("#phone", live.new_number())
        checked = page.is_visible(".ht-captcha")
        with page.expect_navigation():
            page.press("#phone", "Enter")
        assert page.is_visible("#sms_code"), citizen.said()
        if checked:
            return
    pytest.fail("nobody was checked")


def test_a_consent_withdrawn_is_asked_for_again(person: Someone) -> None:
    citizen = signed_in_at_shebao(person())
    citizen.open(f"{citizen.live.issuer}/account/portals")
    assert "社会保险网上服务大厅" in citizen.said()
    citizen.press("#withdraw-shebao, a[href*='withdraw']")
    if citizen.page.is_visible("#withdraw-yes"):
        citizen.press("#withdraw-yes")

    citizen.open(f"{citizen.live.shebao}/login")
    assert citizen.page.is_visible("#consent-allow")


def test_english_is_complete_on_the_way_in(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.press("a[hreflang^=en]")

    assert citizen.page.get_attribute("html", "lang") == "en"
    said = citizen.said()
    assert "Housing Provident Fund Online" in said
    assert not [letter for letter in said if "\u4e00" <= letter <= "\u9fff"], said


def test_the_logs_of_the_whole_town_hold_no_secret(person: Someone, live_node: Live) -> None:
    signed_in_at_shebao(person())

    assert secrets_in_logs.find(live_node.logs()) == ""


@pytest.mark.parametrize(
    ("width", "script", "locale"),
    [(1280, True, "zh-CN"), (360, False, "zh-CN"), (360, True, "en")],
)
def test_notices_are_chosen_by_the_keyboard_and_read(
    person: Someone, width: int, script: bool, locale: str
) -> None:
    citizen = signed_in_at_shebao(person(width=width, script=script, locale=locale))
    citizen.open(f"{citizen.live.issuer}/account/notices")
    page = citizen.page
    page.focus("#notice-new_sign_in")
    page.keyboard.press("Space")
    for _ in range(len(OPTIONAL)):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "notices-save"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    citizen.look()

    assert not page.is_checked("#notice-new_sign_in")
    assert page.is_checked("#notice-case_decided")
    assert "139****" in page.inner_text(".ht-events")
