"""Proving who one is by a network credential: no name, no number, and still one account each."""

from urllib.parse import SplitResult, urlsplit

import flask
import pytest
from werkzeug.test import Client

from idp import cases, levels
from idp.realname.documents import NETWORK_CREDENTIAL
from idp.store import accounts
from idp.store import identities as store
from tests import forms
from tests.oidc.actors import Person, Portal
from tests.realname.test_hall import CODE, OFFICER

MINE, ANOTHER = "11000019900307001X", "110000199003070028"
WAY = f"way-{NETWORK_CREDENTIAL}"


@pytest.fixture
def offered() -> tuple[str, ...]:
    return ("tencent_register", "tencent_face", "ncid")


def shows(
    person: Person, registers: flask.Flask, number: str = MINE, outcome: str = "passed"
) -> Person:
    """Consents, goes to the App, chooses there, and comes back."""
    person.presses("realname-submit", agree="yes")
    url = urlsplit(forms.link(person.page.text, "continue"))
    chosen = {"number": number, "outcome": outcome}
    answer = Client(registers).post(f"{url.path}?{url.query}", data=chosen)
    back = urlsplit(answer.location)
    return person.opens(f"{back.path}?{back.query}")


def proves(person: Person, registers: flask.Flask, number: str = MINE) -> Person:
    person.opens("/account/").signs_in()
    return shows(person.opens("/realname/").follows(WAY), registers, number)


def level(app: flask.Flask, person: Person) -> int:
    with app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        return levels.of(account)


def test_a_credential_reaches_the_living_person_and_neither_asks_nor_keeps_a_name(
    app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal
) -> None:
    wang.opens(fund.url()).signs_in().follows(WAY)
    form = forms.with_button(wang.page.text, "realname-submit")
    assert not {"real_name", "id_number", "id_type", "bank_card"} & form.fields.keys()
    shows(wang, registers)
    claims = fund.reads(fund.redeems(wang.arrived["code"]).json["id_token"])
    assert claims["acr"] == "ial3.aal1"
    with app.app_context():
        identity = store.of(wang.account_id)
        assert identity is not None
        assert (identity.kind, identity.real_name) == (NETWORK_CREDENTIAL, "")
        assert MINE not in identity.document
        (evidence,) = store.evidence_of(identity)
        assert (evidence.method, evidence.verifier) == (NETWORK_CREDENTIAL, "ncid")


def test_the_person_s_own_pages_show_it_without_a_name(
    registers: flask.Flask, wang: Person
) -> None:
    proves(wang, registers)
    for page in ("/account/", "/account/identity"):
        wang.opens(page)
        assert wang.page.status_code == 200
        assert "网证" in wang.page.text
        assert MINE not in wang.page.text


def test_one_holder_has_one_account(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang, registers)
    proves(li, registers)
    assert li.page.request.path == "/realname/conflict"
    assert "conflict-face" not in li.page.text, "nobody's face says whose credential it was"
    assert (level(app, wang), level(app, li)) == (3, 1)


def test_two_holders_have_two(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang, registers)
    proves(li, registers, ANOTHER)
    assert (level(app, wang), level(app, li)) == (3, 3)


def test_an_account_with_a_name_is_not_offered_a_credential_that_nobody_could_tie_to_it(
    app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal
) -> None:
    wang.opens("/account/").signs_in()
    wang.opens("/realname/").follows("way-register")
    wang.presses(
        "realname-submit",
        id_type="resident_id",
        real_name="张三",
        id_number=ANOTHER,
        agree="yes",
    )
    assert level(app, wang) == 2
    wang.opens(fund.url())
    assert wang.page.request.path == "/realname/form", "the face is the single way"
    here = wang.page.request.full_path
    wang.opens(here.replace("m=face", f"m={NETWORK_CREDENTIAL}"))
    assert "m=face" in wang.page.request.full_path


def test_who_showed_a_credential_may_show_it_again_and_is_asked_for_nothing_else(
    app: flask.Flask, registers: flask.Flask, wang: Person
) -> None:
    proves(wang, registers)
    wang.opens("/realname/")
    assert f"m={NETWORK_CREDENTIAL}" in wang.page.request.full_path
    shows(wang, registers)
    assert wang.page.request.path == "/account/"
    with app.app_context():
        identity = store.of(wang.account_id)
        assert identity is not None
        assert len(store.evidence_of(identity)) == 2


def test_another_s_credential_does_not_slip_into_an_account_that_has_one(
    app: flask.Flask, registers: flask.Flask, wang: Person
) -> None:
    proves(wang, registers)
    shows(wang.opens("/realname/"), registers, ANOTHER)
    assert "HT-4111" in wang.page.text


def test_a_credential_refused_puts_a_name_that_is_there_in_no_doubt(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang, registers)
    shows(wang.opens("/realname/"), registers, outcome="failed")
    assert "HT-4131" in wang.page.text
    assert "to-appeal" not in wang.page.text
    li.opens("/account/").signs_in().opens("/realname/").follows(WAY)
    shows(li, registers, outcome="failed")
    assert "to-appeal" in li.page.text


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("left", "HT-4131"),
        ("failed", "HT-4131"),
        ("elsewhere", "HT-4123"),
        ("limited", "HT-4124"),
        ("busy", "HT-4125"),
    ],
)
def test_whatever_else_comes_of_it_raises_nothing_and_says_why(
    app: flask.Flask, registers: flask.Flask, wang: Person, outcome: str, code: str
) -> None:
    wang.opens("/account/").signs_in()
    wang.opens("/realname/").follows(WAY)
    shows(wang, registers, outcome=outcome)
    assert code in wang.page.text
    assert level(app, wang) == 1
    shows(wang, registers)
    assert level(app, wang) == 3


def test_what_another_browser_brought_back_is_of_no_use_here(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    """It was sealed for the other one's business number."""
    theirs, mine = (_brought_back(person, registers) for person in (li, wang))
    data = theirs.query.split("idCardAuthData=")[1]
    own = mine.query.split("idCardAuthData=")[0]
    wang.opens(f"{mine.path}?{own}idCardAuthData={data}")
    assert "HT-4123" in wang.page.text
    assert level(app, wang) == 1


def _brought_back(person: Person, registers: flask.Flask) -> SplitResult:
    """The address their browser is sent back to, which they do not open yet."""
    person.opens("/account/").signs_in()
    person.opens("/realname/").follows(WAY).presses("realname-submit", agree="yes")
    url = urlsplit(forms.link(person.page.text, "continue"))
    chosen = {"number": MINE, "outcome": "passed"}
    return urlsplit(Client(registers).post(f"{url.path}?{url.query}", data=chosen).location)


def test_without_consent_nothing_is_shown_to_anybody(wang: Person) -> None:
    wang.opens("/account/").signs_in()
    wang.opens("/realname/").follows(WAY)
    wang.presses("realname-submit")
    assert "HT-4128" in wang.page.text


def test_many_holders_do_not_share_one_count(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    """Nobody stated a document, so there is none to count by."""
    wang.opens("/account/").signs_in()
    for _ in range(5):
        wang.opens("/realname/").follows(WAY)
        shows(wang, registers, outcome="failed")
    proves(li, registers)
    assert level(app, li) == 3


class TestWhereANameIsNeeded:
    """The hall can look at both, and gives a name to who has none here."""

    @pytest.fixture
    def shown(self, registers: flask.Flask, wang: Person) -> Person:
        return proves(wang, registers)

    def test_the_hall_puts_a_name_in_the_place_of_the_credential(
        self, app: flask.Flask, shown: Person
    ) -> None:
        shown.opens("/realname/").follows("to-hall")
        assert shown.page.request.path == "/realname/change"
        given = {"id_type": "resident_id", "real_name": "张三", "id_number": MINE}
        shown.presses("slip-submit", agree="yes", **given)
        code = CODE.search(shown.page.text)
        assert code is not None
        with app.app_context():
            assert cases.before(cases.read(code[1], OFFICER))["name_before"] == ""
            cases.decide(code[1], OFFICER, cases.CONFIRMED, "本人当面登录并出示网证和身份证")
            identity = store.of(shown.account_id)
            assert identity is not None
            assert (identity.kind, identity.real_name) == ("resident_id", "张三")
        assert level(app, shown) == 4

    def test_a_form_sent_by_hand_for_the_old_slip_leads_there_too(self, shown: Person) -> None:
        shown.opens("/realname/").follows("to-hall")
        at = shown.page.request.full_path.replace("/realname/change", "/realname/hall/slip")
        token = forms.with_button(shown.page.text, "slip-submit").fields["csrf_token"]
        answer = shown.browser.post(at, data={"csrf_token": token, "agree": "yes"})
        assert urlsplit(answer.location).path == "/realname/change"

    def test_who_would_agree_for_a_child_is_led_there_not_round_in_a_circle(
        self, shown: Person
    ) -> None:
        shown.opens("/account/children")
        assert "to-prove" not in shown.page.text
        shown.follows("to-change")
        assert shown.page.request.path == "/realname/change"


def test_two_accounts_of_one_credential_merge_and_no_face_is_spoken_of(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang, registers)
    proves(li, registers)
    assert "刷脸" not in li.page.text
    li.follows("conflict-merge").presses("merge-submit")
    assert level(app, li) == 3
