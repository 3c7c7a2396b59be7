"""Somebody with a browser: does what each page asks, by its fields and button ids."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.live import Live

STEPS_AT_MOST = 8
ONWARD = ("#signup-submit", "#consent-allow", "#continue")
"""Buttons that take a person on after the proof, in the order they may come."""


@dataclass
class Person:
    page: Page
    live: Live
    script: bool = True
    pages_seen: list[str] = field(default_factory=list)
    """Paths of the node's pages shown so far."""

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.look()

    def press(self, selector: str) -> None:
        """Click, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.click(selector)
        self.look()

    def look(self) -> None:
        """What is asked of every page: an address, a language, a title, and nothing for axe."""
        path = urlsplit(self.page.url).path
        if self.page.url.startswith(self.live.issuer):
            self.pages_seen.append(path)
        assert self.page.title(), f"{path} has no title"
        assert self.page.get_attribute("html", "lang"), f"{path} names no language"
        if self.script:
            found = Axe().run(self.page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            width = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, f"{path} is {width} px wider than the window"

    def ask_for_code(self, number: str) -> str:
        """Fill in the number, press the button and read the phone."""
        already = len(self.live.messages(number))
        self.page.fill("#phone", number)
        self.press("#send-code")
        return self.live.code(number, already)

    def sign_in_by_code(self, number: str) -> None:
        """From the sign-in page to wherever it leads; a new number is signed up on the way."""
        self.page.fill("#sms_code", self.ask_for_code(number))
        self.press("#login-submit")
        self.go_on()

    def sign_in_by_password(self, username: str) -> None:
        if not self.page.is_visible("#username"):
            self.press("a[href*='password']")
        self.page.fill("#username", username)
        self.page.fill("#password", self.live.password)
        self.press("#login-submit")
        self.go_on()

    def go_on(self, *, until: str = "") -> None:
        """Agree, allow and continue until the node has no more pages (or ``until`` is shown)."""
        for _ in range(STEPS_AT_MOST):
            if not self.on_node() or (until and self.page.is_visible(until)):
                return
            if self.page.is_visible("#agree"):
                self.page.check("#agree")
            button = next((each for each in ONWARD if self.page.is_visible(each)), None)
            assert button, f"no way on from {urlsplit(self.page.url).path}: {self.said()}"
            self.press(button)
        raise AssertionError(f"still on {urlsplit(self.page.url).path}")

    def sign_out(self) -> None:
        """At the portal, then the node's own question when it asks one."""
        self.press("#sign-out")
        if self.page.is_visible("#logout-yes"):
            self.press("#logout-yes")

    def on_node(self) -> bool:
        return self.page.url.startswith(self.live.issuer)

    def greeted_at(self, portal: str) -> bool:
        """Whether the portal knows us, asked by its own page."""
        self.page.goto(f"{portal}/")
        return self.page.is_visible("#signed-in")

    def said(self) -> str:
        return re.sub(r"\s+", " ", self.page.inner_text("main"))
