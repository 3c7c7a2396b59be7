"""A portal that wants the living person and two factors, and people who have only their phone."""

from collections.abc import Callable

import flask
import pytest

from idp.store import accounts
from idp.store.engines import db
from tests import forms
from tests.actors import Citizen, Phone
from tests.oidc.actors import PASSWORD, STATUTE, Person, Portal, proven, registered
from tests.realname.test_joining import by_code
from tests.realname.test_proving import FACE, NUMBER, looks, states

ZHAO, WANG = "13800000003", "13800000001"
CHOSEN = "槐树-Courtyard-5817"
Phones = Callable[[str], Phone]
SEEN = {"method": FACE, "verifier": "tencent_face", "ial": 3}


@pytest.fixture
def estate(app: flask.Flask) -> Portal:
    return registered(
        app, "estate", minimum_acr="ial3.aal2", legal_basis="statutory", statute=STATUTE
    )


@pytest.fixture
def zhao(app: flask.Flask, people: Callable[..., Person]) -> Person:
    """Somebody who has a phone, and never chose a password."""
    person = people("zhaoxue", f"+86{ZHAO}")
    with app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        account.password_hash = None
        db.session.commit()
    return person


def settled(app: flask.Flask, person: Person) -> bool:
    """Whether there is a password that counts beside the phone."""
    with app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        return account.password_hash is not None and account.password_settled


def arrives(person: Person, portal: Portal) -> dict[str, object]:
    """At the portal: the claims it reads."""
    return portal.reads(portal.redeems(person.arrived["code"]).json["id_token"])


class TestWithoutAPassword:
    def test_a_face_and_a_password_set_after_it_reach_the_portal_in_one_journey(
        self, registers: flask.Flask, zhao: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(zhao.opens(estate.url()), phones(ZHAO))
        states(zhao)
        looks(registers, zhao)
        assert zhao.page.request.path == "/login/password/new"
        zhao.presses("password-submit", new_password=CHOSEN)
        claims = arrives(zhao, estate)
        assert claims["acr"] == "ial3.aal2"
        assert set(claims["amr"]) == {"sms", "pwd"}  # type: ignore[call-overload]

    def test_so_do_they_where_the_portal_merely_wishes_for_it(
        self, registers: flask.Flask, zhao: Person, phones: Phones, gjj: Portal
    ) -> None:
        by_code(zhao.opens(gjj.url(acr_values="ial3.aal2")), phones(ZHAO))
        states(zhao)
        looks(registers, zhao)
        zhao.presses("password-submit", new_password=CHOSEN)
        assert arrives(zhao, gjj)["acr"] == "ial3.aal2"

    def test_the_password_signs_them_in_from_then_on(
        self,
        app: flask.Flask,
        registers: flask.Flask,
        zhao: Person,
        phones: Phones,
        estate: Portal,
    ) -> None:
        by_code(zhao.opens(estate.url()), phones(ZHAO))
        states(zhao)
        looks(registers, zhao).presses("password-submit", new_password=CHOSEN)
        assert settled(app, zhao)
        zhao.browser = app.test_client()
        by_code(zhao.opens(estate.url()), phones(ZHAO))
        zhao.presses("login-submit", username="zhaoxue", password=CHOSEN)
        assert "code" in zhao.arrived

    def test_one_that_is_too_weak_is_said_so_and_the_way_stays_open(
        self, registers: flask.Flask, zhao: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(zhao.opens(estate.url()), phones(ZHAO))
        states(zhao)
        looks(registers, zhao).presses("password-submit", new_password="12345678")
        assert "HT-3006" in zhao.page.text
        zhao.presses("password-submit", new_password=CHOSEN)
        assert "code" in zhao.arrived

    def test_who_declines_it_is_told_as_unmet(
        self, registers: flask.Flask, zhao: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(zhao.opens(estate.url()), phones(ZHAO))
        states(zhao)
        looks(registers, zhao).presses("step-up-decline")
        assert zhao.arrived["error"] == "unmet_authentication_requirements"

    def test_who_signs_up_on_the_way_is_told_that_two_are_needed(
        self, app: flask.Flask, phones: Phones, estate: Portal
    ) -> None:
        newcomer = Citizen(app, phones("13800000009")).visits(estate.url())
        newcomer.visits(newcomer.at_url("m=sms")).submits("send-code", phone=newcomer.number)
        newcomer.submits("login-submit", sms_code=newcomer.phone.code())
        assert newcomer.at == "/signup/agreement"
        assert "需要两种验证方式" in newcomer.text
        newcomer.submits("signup-submit", agree="yes")
        assert newcomer.at == "/realname/form"


class TestAFaceOfLongAgo:
    """Whoever has the phone alone has never shown the face that the account once saw."""

    @pytest.fixture
    def known(self, zhao: Person) -> Person:
        return proven(zhao, "张三", NUMBER, **SEEN)

    def test_it_is_shown_again_before_a_password_counts(
        self, registers: flask.Flask, known: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(known.opens(estate.url()), phones(ZHAO))
        assert known.page.request.path == "/login/"
        known.follows("step-up-face").presses("realname-submit", agree="yes")
        looks(registers, known).presses("password-submit", new_password=CHOSEN)
        assert arrives(known, estate)["acr"] == "ial3.aal2"

    def test_another_face_opens_nothing(
        self,
        app: flask.Flask,
        registers: flask.Flask,
        known: Person,
        phones: Phones,
        estate: Portal,
    ) -> None:
        by_code(known.opens(estate.url()), phones(ZHAO))
        there = known.page.request.full_path.replace("/login/", "/login/password/new")
        known.follows("step-up-face").presses("realname-submit", agree="yes")
        looks(registers, known, "failed")
        known.opens(there)
        assert known.page.request.path == "/login/"
        assert "password-submit" not in known.page.text
        assert not settled(app, known)

    def test_without_it_no_form_sets_a_password_either(
        self, app: flask.Flask, known: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(known.opens(estate.url()), phones(ZHAO))
        there = known.page.request.full_path.replace("/login/", "/login/password/new")
        token = forms.with_button(known.page.text, "step-up-decline").fields["csrf_token"]
        form = {"csrf_token": token, "new_password": CHOSEN}
        assert known.browser.post(there, data=form).status_code == 409
        assert not settled(app, known)

    def test_the_way_through_the_name_settles_nothing_by_itself(
        self, app: flask.Flask, known: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(known.opens("/account/"), phones(ZHAO))
        known.opens("/account/password").presses("password-submit", new_password=CHOSEN)
        known.opens(estate.url())
        at = known.page.request.full_path
        known.opens(at.replace("/login/", "/realname/"))
        known.opens("/account/children/prove")
        assert not settled(app, known)

    def test_a_password_set_in_this_session_counts_once_it_was_shown(
        self,
        app: flask.Flask,
        registers: flask.Flask,
        known: Person,
        phones: Phones,
        estate: Portal,
    ) -> None:
        by_code(known.opens("/account/"), phones(ZHAO))
        known.opens("/account/password").presses("password-submit", new_password=CHOSEN)
        known.opens(estate.url())
        assert "login-submit" not in known.page.text, "a password that does not count yet"
        known.follows("step-up-face").presses("realname-submit", agree="yes")
        looks(registers, known)
        assert settled(app, known)
        known.presses("login-submit", username="zhaoxue", password=CHOSEN)
        assert "code" in known.arrived


class TestWithAPassword:
    def test_one_that_counts_is_asked_for_not_replaced(
        self, registers: flask.Flask, wang: Person, phones: Phones, estate: Portal
    ) -> None:
        by_code(wang.opens(estate.url()), phones(WANG))
        states(wang)
        looks(registers, wang)
        assert wang.page.request.path == "/login/"
        at = wang.page.request.full_path
        wang.opens(at.replace("/login/", "/login/password/new"))
        assert wang.page.request.path == "/login/"
        wang.presses("login-submit", username="wangxm", password=PASSWORD)
        assert arrives(wang, estate)["acr"] == "ial3.aal2"


class TestWhatTakesDays:
    @pytest.fixture
    def strict(self, app: flask.Flask) -> Portal:
        return registered(
            app, "strict", minimum_acr="ial2.aal2", legal_basis="statutory", statute=STATUTE
        )

    def test_a_page_of_ours_says_so_before_the_name_is_asked_for(
        self, zhao: Person, phones: Phones, strict: Portal
    ) -> None:
        by_code(zhao.opens(strict.url()), phones(ZHAO))
        assert zhao.page.request.path == "/login/"
        assert forms.link(zhao.page.text, "step-up-password") == "/account/password"
        zhao.presses("step-up-decline")
        assert zhao.arrived["error"] == "unmet_authentication_requirements"

    def test_what_a_portal_merely_wishes_for_shows_no_such_page(
        self, zhao: Person, phones: Phones, gjj: Portal
    ) -> None:
        by_code(zhao.opens(gjj.url(acr_values="ial1.aal2")), phones(ZHAO))
        assert arrives(zhao, gjj)["acr"] == "ial1.aal1"

    def test_who_has_no_number_is_led_to_one(
        self, people: Callable[..., Person], strict: Portal
    ) -> None:
        qian = people("qianduo")
        qian.opens(strict.url()).signs_in()
        assert forms.link(qian.page.text, "step-up-phone") == "/account/phone"
