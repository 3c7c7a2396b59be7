"""The pages of real names, of children and of stopped accounts, with something on them."""

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from demo.plan import NODE
from idp.settings import ROOT
from tests.browser.live import SMS_PATIENCE, Live
from tests.browser.person import Person
from tests.browser.test_two_portals import tab_to
from tests.realname.test_documents import check

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
NAME, ENGLISH_NAME, CHILD = "张建军", "JOHN SMITH", "王小宝"
WHY = "证件是我的，请核实。"
BY = ("--officer", "4401-0077", "--reason", "seen in person")
VIEWS = [
    pytest.param({"width": 1280}, id="wide"),
    pytest.param({"width": 360}, id="phone"),
    pytest.param({"script": False}, id="without-script"),
]
CHINESE = re.compile("[\u4e00-\u9fff]")
_orders = itertools.count(100)


def new_document(born: str = "19850101") -> str:
    """A resident's number that nobody in the town has."""
    body = f"440100{born}{next(_orders):03}"
    return body + check(body)


def newcomer(citizen: Person) -> str:
    """The number of somebody who has just signed up."""
    number = citizen.live.new_number()
    citizen.open(f"{citizen.live.shebao}/login")
    citizen.sign_in_by_code(number)
    return number


def signs_in_again(citizen: Person, number: str) -> None:
    """To the account's own home, or whatever stands in the way of it."""
    citizen.open(f"{citizen.live.issuer}/account/")
    citizen.page.fill("#sms_code", citizen.ask_for_code(number))
    citizen.press("#login-submit")


def is_told(live: Live, number: str, already: int) -> None:
    """Wait for a notice, lest it be taken for the code that is asked for next."""
    deadline = time.monotonic() + SMS_PATIENCE
    while len(live.messages(number)) <= already:
        assert time.monotonic() < deadline, "no notice arrived"
        time.sleep(0.1)


def states(citizen: Person, document: str, name: str = NAME) -> None:
    citizen.page.fill("#real_name", name)
    citizen.page.fill("#id_number", document)
    citizen.page.check("#agree")


def proves(citizen: Person, way: str, document: str, name: str = NAME) -> None:
    """From the ways there are to wherever the check leads."""
    citizen.open(f"{citizen.live.issuer}/realname/")
    citizen.press(f"#way-{way}")
    states(citizen, document, name)
    if way != "face":
        citizen.press("#realname-submit")
        return
    citizen.page.click("#realname-submit")
    citizen.page.click("#face-passed")
    citizen.page.wait_for_url(lambda url: url.startswith(citizen.live.issuer))
    citizen.look()


def at(citizen: Person) -> str:
    return urlsplit(citizen.page.url).path


def appeals(citizen: Person) -> None:
    citizen.page.fill("#reason", WHY)
    if citizen.page.is_visible("#agree"):
        citizen.page.check("#agree")
    citizen.press("#appeal-submit")


def command(live: Live, *arguments: str) -> str:
    """What an operator types beside the running node."""
    own = {"HUTONG_CONFIG": str(live.plan.node_settings_file(NODE)), **live.plan.environment}
    done = subprocess.run(
        [sys.executable, "-m", "idp", *arguments],
        cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def id_of(live: Live, number: str) -> str:
    return command(live, "account", "find", "--phone", number).split()[0]


@pytest.mark.parametrize("view", VIEWS)
def test_two_accounts_of_one_person_from_the_conflict_to_the_undoing(
    person: Someone, view: dict[str, Any]
) -> None:
    one, other = person(**view), person(**view)
    document, issuer = new_document(), one.live.issuer
    newcomer(one)
    newcomer(other)
    proves(one, "face", document)
    assert at(one) == "/account/"

    proves(other, "register", document)
    assert at(other) == "/realname/conflict"
    conflict = other.page.url
    other.press("#conflict-join")
    other.open(conflict)
    other.press("#conflict-hall")
    states(other, document)
    other.press("#slip-submit")
    assert other.page.is_visible("#slip-code")
    other.open(conflict)
    other.press("#conflict-appeal")
    other.press("#appeal-submit")
    assert other.page.is_visible("#reason"), "nothing was written, and the page says so"
    appeals(other)

    proves(other, "face", document)
    other.press("#conflict-merge")
    other.press("#merge-submit")
    assert at(other) == "/account/"
    for page in ("identity", "merges", "cases", "history", "reads", "children", "portals"):
        other.open(f"{issuer}/account/{page}")
        assert at(other) == f"/account/{page}"
    other.open(f"{issuer}/account/export")
    other.press("#export-page")


@pytest.mark.parametrize("view", VIEWS)
def test_a_document_that_another_account_takes(person: Someone, view: dict[str, Any]) -> None:
    one, other = person(**view), person(**view)
    document, number = new_document(), newcomer(one)
    newcomer(other)
    proves(one, "register", document)
    already = len(one.live.messages(number))
    proves(other, "face", document)
    assert at(other) == "/account/"
    is_told(one.live, number, already)

    signs_in_again(one, number)
    one.press("#to-identity")
    one.press("#appeal")
    assert at(one) == "/realname/appeal"


@pytest.mark.parametrize("view", VIEWS)
def test_a_child_a_guardian_and_the_hall(person: Someone, view: dict[str, Any]) -> None:
    child, guardian = person(**view), person(**view)
    live = child.live
    newcomer(child)
    newcomer(guardian)
    child.open(f"{live.issuer}/realname/")
    child.press("#way-hall")
    states(child, new_document("20180317"), CHILD)
    child.press("#slip-submit")
    code = child.page.inner_text("#slip-code")

    guardian.open(f"{live.issuer}/account/children")
    proves(guardian, "face", new_document())
    guardian.open(f"{live.issuer}/account/children")
    guardian.page.fill("#case_code", code)
    guardian.page.fill("#real_name", CHILD)
    guardian.page.select_option("#relation", "parent")
    guardian.page.check("#agree")
    guardian.press("#agree-submit")
    child.open(f"{live.issuer}/realname/")
    child.press("#way-hall")
    assert child.page.is_visible("#guardian-agreed")
    command(live, "case", "decide", code, "--confirm", *BY)

    child.open(f"{live.issuer}/account/identity")
    assert child.page.is_visible("#guardian")
    guardian.open(f"{live.issuer}/account/children")
    guardian.press("#withdraw-1")


@pytest.mark.parametrize("view", VIEWS)
def test_a_stopped_account_and_its_appeal(person: Someone, view: dict[str, Any]) -> None:
    citizen = person(**view)
    number = newcomer(citizen)
    already = len(citizen.live.messages(number))
    command(citizen.live, "account", "stop", id_of(citizen.live, number), *BY)
    is_told(citizen.live, number, already)

    signs_in_again(citizen, number)
    assert at(citizen) == "/login/stopped"
    appeals(citizen)
    assert "受理编号" in citizen.said()


@pytest.mark.parametrize("view", VIEWS)
def test_a_face_that_is_not_the_person_s(person: Someone, view: dict[str, Any]) -> None:
    citizen = person(**view)
    newcomer(citizen)
    citizen.open(f"{citizen.live.issuer}/realname/")
    citizen.press("#way-face")
    states(citizen, new_document())
    citizen.page.click("#realname-submit")
    citizen.page.click("#face-failed")
    citizen.page.wait_for_url(lambda url: url.startswith(citizen.live.issuer))
    citizen.look()

    citizen.press("#to-appeal")
    assert at(citizen) == "/realname/appeal"


@pytest.mark.parametrize("view", VIEWS)
def test_every_way_of_binding_an_organisation(person: Someone, view: dict[str, Any]) -> None:
    citizen = person(**view)
    home = f"{citizen.live.issuer}/organisations/"
    newcomer(citizen)
    citizen.open(home)
    proves(citizen, "face", new_document())
    for way in ("register", "licence", "transfer"):
        citizen.open(f"{home}bind")
        citizen.press(f"#way-{way}")
        assert citizen.on_node()


def test_a_name_is_proved_by_the_keyboard_alone(person: Someone) -> None:
    citizen = person()
    newcomer(citizen)
    page = citizen.page
    citizen.open(f"{citizen.live.issuer}/realname/")
    tab_to(citizen, "way-register")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    for field, said in (("real_name", NAME), ("id_number", new_document())):
        tab_to(citizen, field)
        page.keyboard.type(said)
    tab_to(citizen, "agree")
    page.keyboard.press("Space")
    tab_to(citizen, "realname-submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert at(citizen) == "/account/"
    assert "实名认证成功" in page.inner_text("#notice")


def test_english_is_complete_on_all_of_them(person: Someone) -> None:
    one, other = person(), person()
    document, issuer = new_document(), one.live.issuer
    for citizen in (one, other):
        newcomer(citizen)
        citizen.open(f"{issuer}/account/")
        citizen.press("a[hreflang^=en]")
    seen: dict[str, str] = {}

    def reads(citizen: Person) -> None:
        assert citizen.page.get_attribute("html", "lang") == "en", at(citizen)
        seen[at(citizen)] = citizen.said()

    for page in ("/realname/", "/account/children", "/account/identity", "/organisations/"):
        one.open(f"{issuer}{page}")
        reads(one)
    proves(one, "face", document, ENGLISH_NAME)
    one.open(f"{issuer}/account/identity")
    reads(one)
    proves(other, "register", document, ENGLISH_NAME)
    reads(other)
    conflict = other.page.url
    for link in ("#conflict-join", "#conflict-hall", "#conflict-appeal"):
        other.open(conflict)
        other.press(link)
        reads(other)
    other.page.fill("#reason", "It is mine.")
    other.page.check("#agree")
    other.press("#appeal-submit")
    reads(other)
    other.open(f"{issuer}/account/cases")
    reads(other)

    assert len(seen) >= 8
    assert {path: said for path, said in seen.items() if CHINESE.search(said)} == {}
