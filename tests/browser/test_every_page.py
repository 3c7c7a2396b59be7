"""Pages that no other story comes by: each at its width, with script and without, for axe."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey

from tests.browser.live import Live
from tests.browser.person import Person
from tests.browser.registrations import COMPANIES
from tests.browser.test_companies import BOSS, at_form, signed_in
from tests.browser.test_real_names import (
    BY,
    CHINESE,
    ENGLISH_NAME,
    VIEWS,
    WHY,
    at,
    command,
    new_document,
    newcomer,
    proves,
    signs_in_again,
    states,
)
from tests.browser.test_two_portals import tab_to

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
NOTARY = "notary"
RARE, LONG = "张𠮷祥", "WOLFESCHLEGELSTEINHAUSEN MAXIMILIANA ANN"
ASKED = {
    "client_id": NOTARY,
    "response_type": "code",
    "scope": "openid realname id_number phone",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}
KEY = ECKey.generate_key("P-256", {"use": "enc", "kid": "notary-1"})
REGISTERED = COMPANIES | {
    "client_id": NOTARY,
    "name": "甲省城乡居民最低生活保障与临时救助申请核对平台",
    "scope": ASKED["scope"],
    "legal_basis": "consent",
    "statute": "",
    "claims": [],
    "sensitive_claims": ["real_name", "id_number"],
    "userinfo_signed_response_alg": "ES256",
    "userinfo_encrypted_response_alg": "ECDH-ES",
    "userinfo_encrypted_response_enc": "A256GCM",
    "jwks": {"keys": [KEY.as_dict(private=False)]},
}


@pytest.fixture(scope="session")
def notary(live_node: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a portal sends people, that an officer approved for the name and the number."""
    back = f"{live_node.shebao}/"
    file: Path = tmp_path_factory.mktemp("notary") / "notary.json"
    file.write_text(json.dumps(REGISTERED | {"redirect_uris": [back]}), "utf-8")
    command(live_node, "client", "create", "--file", str(file), *BY)
    return f"{live_node.issuer}/oauth/authorize?{urlencode(ASKED | {'redirect_uri': back})}"


@pytest.fixture(params=VIEWS)
def citizen(person: Someone, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Somebody new, at each width and without script."""
    view: dict[str, Any] = request.param
    someone = person(**view)
    newcomer(someone)
    yield someone


def test_consent_to_a_name_and_a_number(citizen: Person, notary: str) -> None:
    proves(citizen, "face", new_document(), RARE)
    citizen.open(notary)

    said = citizen.said()
    assert "张*祥" in said
    assert RARE not in said
    assert not citizen.page.is_checked("#consent-number"), "the number takes a tick of its own"


def test_a_long_foreign_name_breaks_no_page(citizen: Person, notary: str) -> None:
    proves(citizen, "face", new_document(), LONG)
    for page in (f"{citizen.live.issuer}/account/identity", f"{citizen.live.issuer}/account/"):
        citizen.open(page)
    citizen.open(notary)

    assert "W**********N" in citizen.said()


def test_consent_by_the_keyboard_alone(person: Someone, notary: str) -> None:
    citizen = person()
    newcomer(citizen)
    proves(citizen, "face", new_document())
    citizen.open(notary)
    tab_to(citizen, "consent-number")
    citizen.page.keyboard.press("Space")
    tab_to(citizen, "consent-allow")
    with citizen.page.expect_navigation():
        citizen.page.keyboard.press("Enter")

    assert "code=" in citizen.page.url
    citizen.open(f"{citizen.live.issuer}/account/portals")
    citizen.press(f"#withdraw-{NOTARY}")


def test_real_name_pages_lead_back_to_the_account(citizen: Person) -> None:
    citizen.open(f"{citizen.live.issuer}/realname/")
    for way in ("#way-register", "#way-hall", "#way-network_credential"):
        citizen.open(f"{citizen.live.issuer}/realname/")
        citizen.press(way)
        citizen.press(".ht-back a")
        assert at(citizen) == "/account/"


def test_what_was_typed_is_kept_and_the_field_is_marked(citizen: Person) -> None:
    wrong = new_document()[:-1] + "%"
    proves(citizen, "register", wrong, RARE)

    page = citizen.page
    assert page.input_value("#real_name") == RARE
    assert page.input_value("#id_number") == wrong
    assert page.get_attribute("#id_number", "aria-invalid") == "true"
    assert page.is_visible("#id_number-error")
    assert not page.is_checked("#agree"), "agreeing is an act of its own, each time"


def test_two_applications_about_one_thing(citizen: Person) -> None:
    document, issuer = new_document(), citizen.live.issuer
    for _ in range(2):
        citizen.open(f"{issuer}/realname/")
        citizen.press("#way-hall")
        states(citizen, document)
        citizen.press("#slip-submit")
        command(
            citizen.live, "case", "decide", citizen.page.inner_text("#slip-code"), "--refuse", *BY
        )
    citizen.open(f"{issuer}/account/cases")

    assert citizen.page.locator("main h2").count() == 2


def test_a_merge_undone(person: Someone) -> None:
    one, other = person(width=360), person(width=360)
    document = new_document()
    for citizen in (one, other):
        newcomer(citizen)
    proves(one, "face", document)
    proves(other, "face", document)
    other.press("#conflict-merge")
    other.press("#merge-submit")
    assert "已合并" in other.page.inner_text("#notice")
    other.open(f"{other.live.issuer}/account/merges")
    other.press("#undo-merge-1")

    assert other.page.is_visible("#sign-in-again")


def test_an_account_closed_and_taken_back(person: Someone) -> None:
    citizen = person(width=360)
    number = newcomer(citizen)
    citizen.open(f"{citizen.live.issuer}/account/close")
    citizen.press("#close-submit")
    assert citizen.page.is_visible("#agree-error"), "nothing was ticked, and the page says so"
    citizen.page.check("#agree")
    citizen.press("#close-submit")
    signs_in_again(citizen, number)
    citizen.look()

    assert at(citizen) == "/login/closing"


def test_forms_of_organisations_that_were_left_empty(person: Someone) -> None:
    boss = signed_in(person(width=360), BOSS)
    for way in ("register", "transfer"):
        at_form(boss, way)
        boss.press("#bind-submit")
        assert boss.page.is_visible("#uscc-error")


@pytest.mark.parametrize("name", ["terms", "privacy", "realname", "children"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_agreement_in_both_languages(person: Someone, name: str, width: int) -> None:
    reader = person(width=width)
    reader.open(f"{reader.live.issuer}/signup/agreements/{name}")
    reader.press("a[hreflang^=en]")

    assert not CHINESE.search(reader.page.inner_text(".ht-document h1"))


def test_the_consent_page_in_english(person: Someone, notary: str) -> None:
    citizen = person()
    newcomer(citizen)
    citizen.open(f"{citizen.live.issuer}/account/?ui_locales=en")
    proves(citizen, "face", new_document(), ENGLISH_NAME)
    citizen.open(notary)

    said = citizen.said()
    for own in ("name", "legal_name", "purpose"):
        said = said.replace(str(REGISTERED[own]), "")
    said = said.removeprefix(REGISTERED["name"][0])
    assert not CHINESE.search(said), said


def test_an_appeal_by_the_keyboard_alone(person: Someone) -> None:
    one, other = person(), person()
    document, keyboard = new_document(), other.page.keyboard
    for citizen in (one, other):
        newcomer(citizen)
        proves(citizen, "register", document)
    tab_to(other, "conflict-appeal")
    with other.page.expect_navigation():
        keyboard.press("Enter")
    tab_to(other, "reason")
    keyboard.type(WHY)
    tab_to(other, "agree")
    keyboard.press("Space")
    tab_to(other, "appeal-submit")
    with other.page.expect_navigation():
        keyboard.press("Enter")
    other.look()

    assert other.page.is_visible("#slip-code")
