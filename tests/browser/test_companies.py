"""A company from its binding to the end of a mandate, on the demo."""

import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.browser.live import Live
from tests.browser.person import Person
from tests.browser.registrations import CALLBACK, COMPANIES

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
AT_ONCE = 2.0
CODE, COMPANY = "91110000MA00000077", "甲省胡同商贸有限公司"
SHOP = "甲省槐树门口早点铺"
BOSS, AGENT = "wangjianguo", "lixiuying"
CLIENT = COMPANIES["client_id"]


class Pictures:
    """Of each page as it comes: ``<width>-<name>.png``."""

    def __init__(self, folder: Path, width: int):
        self.folder, self.width = folder, width

    def take(self, citizen: Person, name: str) -> None:
        path = self.folder / f"{self.width}-{name}.png"
        citizen.page.screenshot(path=path, full_page=True)


@pytest.fixture(params=[1280, 390])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def pictures(tmp_path: Path, width: int) -> Pictures:
    return Pictures(tmp_path, width)


def signed_in(citizen: Person, username: str) -> Person:
    """At the account's own home, which is where this sign-in leads."""
    citizen.open(f"{citizen.live.issuer}/account/")
    citizen.press("a[href*='password']")
    citizen.page.fill("#username", username)
    citizen.page.fill("#password", citizen.live.password)
    citizen.press("#login-submit")
    return citizen


def at_form(citizen: Person, method: str) -> None:
    citizen.open(f"{citizen.live.issuer}/organisations/bind")
    citizen.press(f"#way-{method}")


def access_token(citizen: Person) -> str:
    """What a portal of the tests gets for the person in this browser, with no page shown."""
    live, verifier = citizen.live, secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": COMPANIES["scope"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    url = f"{live.issuer}/oauth/authorize?{urlencode(asked)}"
    answer = citizen.page.context.request.get(url, max_redirects=0)
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    return str(calls(live, "/oauth/token", **form)["access_token"])


def calls(live: Live, path: str, **form: str) -> dict[str, Any]:
    pair = (CLIENT, live.plan.secret(CLIENT))
    answer = httpx.post(f"{live.issuer}{path}", data=form, auth=pair, timeout=5)
    answer.raise_for_status()
    return dict(answer.json())


def offers_to_the_agent(boss: Person, pictures: Pictures) -> None:
    boss.press("[id^=agents-]")
    boss.page.fill("#real_name", "李秀英")
    boss.page.fill("#phone", "13800000002")
    boss.page.check("#function-registration")
    boss.page.check("#all-portals")
    pictures.take(boss, "agents")
    boss.press("#offer-submit")


def test_a_mandate_ends_everywhere_within_two_seconds(
    person: Someone, width: int, pictures: Pictures
) -> None:
    """Bound, mandated, used at a portal, revoked: the portal's session is over at once."""
    boss, agent = person(width=width), person(width=width)
    live = boss.live
    at_form(signed_in(boss, BOSS), "register")
    boss.page.fill("#uscc", CODE)
    boss.page.fill("#organisation", COMPANY)
    boss.page.check("#agree")
    pictures.take(boss, "register")
    boss.press("#bind-submit")
    assert COMPANY in boss.said()
    pictures.take(boss, "home")
    offers_to_the_agent(boss, pictures)

    signed_in(agent, AGENT).open(f"{live.issuer}/organisations/")
    pictures.take(agent, "offer")
    agent.press("#accept-1")
    agent.open(f"{live.qiye}/login")
    pictures.take(agent, "choose")
    agent.press(f"button:has-text('{COMPANY}')")
    assert agent.page.url == f"{live.qiye}/my"
    assert COMPANY in agent.page.inner_text("#acting")
    pictures.take(agent, "portal")
    token = access_token(agent)
    said = calls(live, "/oauth/introspect", token=token)
    assert said["active"] and said["organisation"]["name"] == COMPANY
    assert said["mandate"]["functions"] == ["registration"]

    boss.press("#revoke-1")
    boss.press("#revoke-yes")
    revoked = time.monotonic()
    assert calls(live, "/oauth/introspect", token=token) == {"active": False}
    while agent.greeted_at(live.qiye):
        assert time.monotonic() - revoked < AT_ONCE, "the portal's session goes on"


def test_a_licence_shown_from_the_phone_binds_by_itself(
    person: Someone, width: int, pictures: Pictures
) -> None:
    citizen = signed_in(person(width=width), AGENT)
    at_form(citizen, "licence")
    pictures.take(citizen, "licence-before")
    citizen.press("#licence-show")
    pictures.take(citizen, "licence")
    citizen.page.focus("#other-ways")
    phone = citizen.page.context.new_page()
    phone.goto(str(citizen.page.get_attribute("#licence-open", "href")))
    phone.select_option("#licence", SHOP)
    citizen.page.wait_for_selector("#scan:has-text('请在手机上确认')")
    assert citizen.page.evaluate("document.activeElement.id") == "other-ways", "nothing moved"
    phone.click("#licence-confirmed")
    citizen.page.wait_for_url(re.compile("/organisations/[?]done=bound"))
    citizen.look()
    assert SHOP in citizen.said()


def test_the_same_without_javascript(person: Someone) -> None:
    citizen = signed_in(person(script=False), AGENT)
    at_form(citizen, "licence")
    citizen.press("#licence-show")
    phone = citizen.page.context.new_page()
    phone.goto(str(citizen.page.get_attribute("#licence-open", "href")))
    phone.select_option("#licence", SHOP)
    phone.click("#licence-confirmed")
    citizen.press("#licence-look")
    assert SHOP in citizen.said()


def test_an_amount_read_off_the_account_binds(
    person: Someone, width: int, pictures: Pictures
) -> None:
    citizen = signed_in(person(width=width), BOSS)
    at_form(citizen, "transfer")
    citizen.page.fill("#uscc", CODE)
    citizen.page.fill("#organisation", COMPANY)
    citizen.page.fill("#bank_account", "110900000010001")
    citizen.page.fill("#bank_code", "308100005019")
    citizen.press("#bind-submit")
    assert "HT-4230" in citizen.said(), "agreeing is the person's own act"
    pictures.take(citizen, "transfer")
    citizen.page.check("#agree")
    citizen.press("#bind-submit")
    bank = citizen.page.context.new_page()
    bank.goto(f"{citizen.live.plan.sandbox.url}/bank")
    amount = bank.inner_text(".amount >> nth=0")
    pictures.take(citizen, "amount")
    citizen.page.fill("#amount", amount)
    citizen.press("#amount-submit")
    assert "单位已绑定" in citizen.page.inner_text("#notice")
