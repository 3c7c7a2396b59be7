"""Pictures of the main pages for the documentation: ``pytest tests/browser --screenshots``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.person import Person

pytestmark = pytest.mark.browser
KEPT = {
    1280: {"demo", "sign-in", "consent", "portal-signed-in", "account", "error"},
    360: {"sign-in", "code", "sign-up", "consent", "inbox", "account-portals"},
}
"""Few: pictures stay in the history for ever."""
PICTURES = Path(__file__).parent.parent.parent / "docs" / "images"


@pytest.mark.parametrize(("width", "suffix"), [(1280, ""), (360, "-phone")])
def test_a_tour_of_the_main_pages(
    person: Callable[..., Person],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    width: int,
    suffix: str,
) -> None:
    """The tour is always walked; its pictures are kept only when asked for."""
    folder = PICTURES if request.config.getoption("--screenshots") else tmp_path
    citizen = person(width=width)
    live, page = citizen.live, citizen.page

    def picture(name: str) -> None:
        if name in KEPT[width]:
            page.screenshot(path=folder / f"{name}{suffix}.png", full_page=True)

    number = live.new_number()
    citizen.open(f"{live.issuer}/demo")
    picture("demo")
    citizen.open(f"{live.shebao}/")
    picture("portal")
    citizen.press("#sign-in")
    picture("sign-in")
    code = citizen.ask_for_code(number)
    picture("code")
    page.goto(f"{live.plan.sandbox.url}/phone/{number}")
    picture("inbox")
    page.go_back()
    page.fill("#sms_code", code)
    citizen.press("#login-submit")
    picture("sign-up")
    citizen.go_on(until="#consent-allow")
    picture("consent")
    citizen.go_on()
    picture("portal-signed-in")
    for name in ("", "sessions", "portals"):
        citizen.open(f"{live.issuer}/account/{name}")
        picture(f"account-{name}".rstrip("-"))
    citizen.open(f"{live.gjj}/my")
    citizen.sign_out()
    picture("signed-out")
    page.goto(f"{live.issuer}/oauth/authorize?client_id=nobody")
    citizen.look()
    picture("error")
