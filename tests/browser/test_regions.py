"""From one province's page to another's and back, in a real browser: both nodes, both languages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from redis import Redis

from tests.oidc.actors import PASSWORD
from tests.trust import nodes as running
from tests.trust.nodes import MARKS, Node, Nodes
from tests.trust.test_brokering import citizen, knows, portal, starts

pytestmark = pytest.mark.browser
LOOKS = [
    pytest.param({"width": 1280}, id="wide"),
    pytest.param({"width": 360, "locale": "en"}, id="phone-in-english"),
    pytest.param({"width": 360, "script": False}, id="without-script"),
]


@pytest.fixture
def provinces(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """Two of them under one anchor: people of the first are at home there."""
    with (
        running.shared_redis(tmp_path / "redis") as url,
        Redis.from_url(url) as redis,
        running.started(tmp_path, url) as nodes,
    ):
        redis.flushall()
        anchor = nodes.anchor()
        jia, yi = (_gateway(nodes, anchor, *each) for each in PROVINCES)
        citizen(jia, face=True)
        citizen(yi, "wangyi", None)
        knows(yi)
        yield jia, yi


PROVINCES = (("jia", "浙江政务服务网", "330000"), ("yi", "广东省统一身份认证平台", "440000"))


def _gateway(nodes: Nodes, anchor: Node, name: str, title: str, region: str) -> Node:
    marks = [{"type": f"{anchor.url}/tm/{each}", "issuer": anchor.url} for each in MARKS]
    node = {"name": title, "region": region, "contact": "12345"}
    made = nodes.below(anchor, name, federation={"marks": marks}, node=node)
    anchor.marks(made, *MARKS)
    made.refreshes_its_marks()
    return made


@pytest.fixture
def screen(browser: Browser) -> Iterator[Callable[..., Page]]:
    opened = []

    def open_(*, width: int, locale: str = "zh-CN", script: bool = True) -> Page:
        context = browser.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 800},
            locale=locale,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_a_person_goes_home_comes_back_and_links_both_accounts(
    provinces: tuple[Node, Node], screen: Callable[..., Page], look: dict[str, Any]
) -> None:
    jia, yi = provinces
    page = screen(**look)
    page.goto(f"{yi.url}/account/")
    looked_at(page, look)
    page.click("#other-region")
    looked_at(page, look)

    page.fill("#q", "zhejiang")
    page.click("#region-search")
    looked_at(page, look)
    page.click("#region-1")
    page.wait_for_url(f"{jia.url}/login/**")
    signs_in(page, look, "wangxm")
    looked_at(page, look)
    page.click("#consent-allow")
    page.wait_for_url(f"{yi.url}/login/region/first**")
    looked_at(page, look)

    page.click("#region-mine")
    signs_in(page, look, "wangyi")
    page.wait_for_url(f"{yi.url}/login/region/link**")
    looked_at(page, look)
    page.click("#region-link-yes")
    page.wait_for_url(f"{yi.url}/account/**")
    page.goto(f"{yi.url}/account/peers")
    looked_at(page, look)
    assert "浙江政务服务网" in page.inner_text("main")


def test_who_is_known_comes_through_to_the_portal_from_one_form_at_home(
    provinces: tuple[Node, Node], screen: Callable[..., Page]
) -> None:
    """Three hosts from one press of a button: browsers follow a form to those it may lead to."""
    jia, yi = provinces
    shebao = portal(yi)
    for _ in range(2):  # the second time nothing is asked on the way
        page = screen(width=1280)
        page.route("https://shebao.test/**", lambda route: route.fulfill(body="here"))
        page.goto(starts(yi, shebao))
        page.click("#other-region")
        page.click("button[value*='//jia.']")
        page.wait_for_url(f"{jia.url}/login/**")
        page.click("a[href*='password']")
        page.fill("#username", "wangxm")
        page.fill("#password", PASSWORD)
        page.click("#login-submit")
        for button in ("#consent-allow", "#region-guest", "#agreement-submit", "#consent-allow"):
            page.wait_for_selector(f"{button}, body:has-text('here')")
            if page.url.startswith(shebao.redirect_uri):
                break
            if button == "#agreement-submit":
                page.check("input[name=agree]")
            page.click(button)
        page.wait_for_url(f"{shebao.redirect_uri}**")


def test_the_list_is_gone_through_by_keyboard(
    provinces: tuple[Node, Node], screen: Callable[..., Page]
) -> None:
    jia, yi = provinces
    page = screen(width=1280)
    page.goto(f"{yi.url}/account/")
    page.focus("#other-region")
    page.keyboard.press("Enter")
    page.wait_for_selector("#q")
    page.focus("#q")
    page.keyboard.type("浙江")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    page.focus("#region-search")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "region-1"
    page.keyboard.press("Enter")

    page.wait_for_url(f"{jia.url}/login/**")


def signs_in(page: Page, look: dict[str, Any], username: str) -> None:
    page.click("a[href*='password']")
    looked_at(page, look)
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")


def looked_at(page: Page, look: dict[str, Any]) -> None:
    """What is asked of every page: a title, no fault for axe, and nothing beside the window."""
    page.wait_for_load_state()
    assert page.title()
    if look.get("script", True):
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{page.url} is {width} px wider than the window"
