"""The main job: sign up at one portal, be known at the other, sign out of both."""

import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo.cast import PORTALS
from tests.browser.live import Live
from tests.browser.person import Person

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
AT_ONCE = 2.0


def sign_up_at_shebao(citizen: Person, number: str) -> None:
    citizen.open(f"{citizen.live.shebao}/")
    citizen.press("#sign-in")
    citizen.sign_in_by_code(number)


def gone_within(seconds: float, citizen: Person, portal: str) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not citizen.greeted_at(portal):
            return True
    return False


def whole_story(citizen: Person) -> None:
    """Sign up at 社保, open 公积金 with no page shown, sign out there, be out at both."""
    live = citizen.live
    number = live.new_number()
    sign_up_at_shebao(citizen, number)
    assert citizen.page.url == f"{live.shebao}/my"
    assert citizen.page.inner_text("#phone") == f"{number[:3]}****{number[-4:]}"

    shown = len(citizen.pages_seen)
    citizen.open(f"{live.gjj}/my")
    assert citizen.page.url == f"{live.gjj}/my"
    assert citizen.page.is_visible("#greeting")
    assert len(citizen.pages_seen) == shown, "a page was shown on the way to the second portal"

    kept = citizen.page.context.cookies(live.shebao)
    citizen.sign_out()
    assert gone_within(AT_ONCE, citizen, live.shebao)
    assert citizen.page.context.cookies(live.shebao) == kept, "A's cookie is still there"
    citizen.page.goto(f"{live.shebao}/my")
    assert citizen.on_node(), "and A refuses it"


def test_one_sign_up_two_portals_one_sign_out(person: Someone) -> None:
    whole_story(person())


def test_the_same_without_javascript(person: Someone) -> None:
    whole_story(person(script=False))


def test_the_same_on_a_phone(person: Someone) -> None:
    whole_story(person(width=360))


def test_the_same_over_tls_on_unrelated_names(person: Someone, tls_node: Live) -> None:
    whole_story(person(tls_node))


def test_over_tls_every_cookie_is_pinned_to_its_host(person: Someone, tls_node: Live) -> None:
    citizen = person(tls_node)
    sign_up_at_shebao(citizen, tls_node.new_number())

    for cookie in citizen.page.context.cookies():
        assert cookie["name"].startswith("__Host-")
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Lax"


def test_over_tls_all_metadata_is_https_under_the_issuer(person: Someone, tls_node: Live) -> None:
    """What the discovery plan of certification asks of a real node with a certificate."""
    citizen = person(tls_node)
    page, issuer = citizen.page, tls_node.issuer

    answer = page.goto(f"{issuer}/.well-known/openid-configuration")
    assert answer is not None
    metadata = answer.json()
    assert metadata["issuer"] == issuer
    for name, url in metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            assert url.startswith(f"{issuer}/"), name
    keys = page.goto(metadata["jwks_uri"])
    assert keys is not None and len({key["kid"] for key in keys.json()["keys"]}) >= 2
    assert answer.headers["strict-transport-security"]


def test_signing_up_takes_two_pages_and_the_portals_question(person: Someone) -> None:
    citizen = person()
    sign_up_at_shebao(citizen, citizen.live.new_number())

    before_consent = {path for path in citizen.pages_seen if not path.startswith("/consent")}
    assert len(before_consent) <= 3, before_consent


def test_a_returning_citizen_signs_in_with_a_code(person: Someone) -> None:
    number = person().live.new_number()
    sign_up_at_shebao(person(), number)

    again = person()
    sign_up_at_shebao(again, number)
    assert again.page.url == f"{again.live.shebao}/my"
    assert not [path for path in again.pages_seen if path.startswith(("/consent", "/signup"))]


def test_a_demo_person_signs_in_with_a_password(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_password("lixiuying")

    assert citizen.page.url == f"{citizen.live.gjj}/my"


def test_a_consent_client_can_never_skip_the_page(person: Someone) -> None:
    citizen = person()
    live = citizen.live
    citizen.open(f"{live.gjj}/login")
    citizen.sign_in_by_code(live.new_number())

    citizen.open(f"{live.shebao}/login")
    assert citizen.page.is_visible("#consent-allow"), "signed in, yet asked"
    citizen.press("#consent-deny")
    assert citizen.page.is_visible("[data-reason=access_denied]")

    citizen.open(f"{live.shebao}/login")
    assert citizen.page.is_visible("#consent-allow"), "a refusal is not remembered as a yes"
    citizen.page.goto(citizen.page.url.replace("/consent", "/oauth/authorize"))
    assert not citizen.page.url.startswith(live.shebao), "no way around by address"
    assert not citizen.greeted_at(live.shebao)


def test_a_consent_client_cannot_ask_in_silence(person: Someone) -> None:
    citizen = person()
    live = citizen.live
    citizen.open(f"{live.gjj}/login")
    citizen.sign_in_by_code(live.new_number())

    portal = f"http://127.0.0.1:{live.plan.places['shebao'].port}"
    asked = httpx.get(f"{portal}/login").headers["location"]
    answer = citizen.page.context.request.get(f"{asked}&prompt=none", max_redirects=0)
    said = parse_qs(urlsplit(answer.headers["location"]).query)
    assert said["error"] == ["consent_required"] and said["iss"] == [live.issuer]
    assert "code" not in said


def test_two_tabs_both_arrive(person: Someone) -> None:
    first = person()
    second = Person(first.page.context.new_page(), first.live)
    first.open(f"{first.live.gjj}/login")
    second.open(f"{first.live.gjj}/login")

    first.sign_in_by_code(first.live.new_number())
    assert first.page.url == f"{first.live.gjj}/my"

    second.page.reload()
    second.go_on()
    assert second.page.url == f"{first.live.gjj}/my"


def test_the_back_button_never_dead_ends(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_code(citizen.live.new_number())

    for _ in range(4):
        if citizen.page.go_back() is None:
            break
        citizen.look()
        assert citizen.page.locator("main a, main button").count() > 0
        if citizen.on_node() and citizen.page.is_visible("#continue"):
            citizen.press("#continue")
            assert citizen.page.url == f"{citizen.live.gjj}/my"
            break


def test_a_page_left_open_too_long_leads_back_to_the_portal(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.issuer}/login/?i=long-gone&c=gjj")

    assert citizen.page.locator(f"main a[href^='{citizen.live.gjj}']").count() > 0


def test_a_page_of_another_browser_is_refused(person: Someone) -> None:
    first, second = person(), person()
    first.open(f"{first.live.gjj}/login")

    second.page.goto(first.page.url)
    assert not second.page.is_visible("#send-code")
    assert second.page.title()


def test_only_a_keyboard_is_needed(person: Someone) -> None:
    citizen = person()
    live, page = citizen.live, citizen.page
    number = live.new_number()
    citizen.open(f"{live.gjj}/login")

    tab_to(citizen, "phone")
    page.keyboard.type(number)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(citizen, "sms_code")
    page.keyboard.type(live.code(number))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(citizen, "agree")
    page.keyboard.press("Space")
    tab_to(citizen, "signup-submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    while citizen.on_node():
        tab_to(citizen, "continue")
        with page.expect_navigation():
            page.keyboard.press("Enter")

    assert page.url == f"{live.gjj}/my"


def tab_to(citizen: Person, element_id: str) -> None:
    """Press Tab until the element has the focus, and see that the focus shows."""
    focus_shows = """() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
    }"""
    for _ in range(40):
        if citizen.page.evaluate("document.activeElement.id") == element_id:
            citizen.page.wait_for_function(focus_shows, timeout=2_000)
            return
        citizen.page.keyboard.press("Tab")
    raise AssertionError(f"#{element_id} cannot be reached by Tab")


def test_text_twice_as_large_still_fits(person: Someone) -> None:
    """200 % zoom of a 1280 px window is a window of 640 px with pixels twice as large."""
    citizen = person(width=640)
    citizen.open(f"{citizen.live.shebao}/login")

    assert citizen.page.is_visible("#send-code")


def test_the_demo_page_lists_everybody(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.issuer}/demo")

    for text in ("王建国", "陈㛃", "张𠮷祥", citizen.live.password, citizen.live.shebao):
        assert text in citizen.page.content()
    citizen.press("a[hreflang^=en]")
    assert "Three things to try" in citizen.said()
    said = citizen.page.request.get(f"{citizen.live.issuer}/demo.json").json()
    assert {portal["client_id"] for portal in said["portals"]} == {
        portal.slug for portal in PORTALS
    }
