"""The elder mode looked at: letters of 18 pt, contrast of 7:1, nothing wider than the window."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.person import Person

pytestmark = pytest.mark.browser
PAGES = [
    "",
    "methods",
    "sessions",
    "history",
    "notices",
    "portals",
    "passkeys",
    "username",
    "phone",
    "close",
]
SMALLEST = """() => {
  const shown = (e) => e.getClientRects().length && !e.closest(".visually-hidden, .ht-skip, svg");
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = [1e9, ""];
  while (walk.nextNode()) {
    const place = walk.currentNode.parentElement, said = walk.currentNode.data.trim();
    if (!said || !shown(place)) continue;
    const size = parseFloat(getComputedStyle(place).fontSize);
    if (size < least[0]) least = [size, said];
  }
  return least;
}"""
STRONG = {
    "runOnly": ["color-contrast-enhanced"],
    "rules": {"color-contrast-enhanced": {"enabled": True}},
}


def looks(citizen: Person) -> None:
    size, said = citizen.page.evaluate(SMALLEST)
    assert size >= 24, f"{said!r} is {size} px on {citizen.page.url}"
    found = Axe().run(citizen.page, options=STRONG)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("width", "locale"), [(1280, "zh-CN"), (360, "zh-CN"), (360, "en")])
def test_from_the_sign_in_page_through_the_account(
    person: Callable[..., Person], width: int, locale: str
) -> None:
    citizen = person(width=width, locale=locale)
    issuer, number = citizen.live.issuer, citizen.live.new_number()
    citizen.open(f"{issuer}/login/")
    citizen.press("#elder-switch")
    looks(citizen)
    citizen.page.fill("#sms_code", citizen.ask_for_code(number))
    looks(citizen)
    citizen.press("#login-submit")
    looks(citizen)
    citizen.page.check("#agree")
    citizen.press("#signup-submit")

    for page in PAGES:
        citizen.open(f"{issuer}/account/{page}")
        looks(citizen)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_who_reads_no_messages_is_called_and_needs_a_keyboard_only(
    person: Callable[..., Person], script: bool
) -> None:
    citizen = person(width=360, script=script)
    page, number = citizen.page, citizen.live.new_number()
    citizen.open(f"{citizen.live.issuer}/login/")
    citizen.press("#elder-switch")

    page.focus("#phone")
    page.keyboard.type(number)
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "call-me"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    citizen.look()
    assert "正在拨打" in citizen.said()

    page.focus("#sms_code")
    page.keyboard.type(citizen.live.code(number))
    assert "语音电话" in citizen.live.messages(number)[0]["text"]
    with page.expect_navigation():
        page.keyboard.press("Enter")
    citizen.look()
    assert page.is_visible("#agree")
