"""Proving a real name on the way to a portal: every outcome, every conflict, and the way on."""

from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from sqlalchemy import select
from werkzeug.test import Client

from idp import identities, levels, stops
from idp.staff import Act
from idp.store import accounts
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.identities import Evidence
from tests import forms
from tests.oidc.actors import Person, Portal
from tests.registers import Tap

NUMBER = "11000019900307001X"
OTHER_NUMBER = "110000199003070028"
FACE = "face"
REGISTER = "register"


def states(
    person: Person, name: str = "张三", number: str = NUMBER, kind: str = "resident_id", **more: str
) -> Person:
    given = {"id_type": kind, "real_name": name, "id_number": number, "agree": "yes", **more}
    return person.presses("realname-submit", **given)


def chooses(person: Person, method: str) -> Person:
    assert person.page.request.path == "/realname/"
    return person.follows(f"way-{method}")


def looks(registers: flask.Flask, person: Person, outcome: str = "passed") -> Person:
    """At the vendor's page, and back."""
    url = urlsplit(forms.link(person.page.text, "continue"))
    assert url.hostname == "sandbox.localhost"
    answer = Client(registers).post(url.path, data={"outcome": outcome})
    back = urlsplit(answer.location)
    return person.opens(f"{back.path}?{back.query}")


def proves(person: Person, registers: flask.Flask, method: str, **stated: str) -> Person:
    """From the account's own pages, to the end."""
    person.opens("/realname/")
    if person.page.request.path == "/realname/":
        chooses(person, method)
    states(person, **stated)
    return looks(registers, person) if method == FACE else person


def level(app: flask.Flask, person: Person) -> int:
    with app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        return levels.of(account)


@pytest.fixture
def signed_in(wang: Person) -> Person:
    return wang.opens("/account/").signs_in()


def test_a_face_that_was_shown_in_another_browser_binds_nothing(
    app: flask.Flask, registers: flask.Flask, signed_in: Person
) -> None:
    """Somebody sends the link on; whose face is seen never comes back to this browser."""
    states(chooses(signed_in.opens("/realname/"), FACE))
    url = urlsplit(forms.link(signed_in.page.text, "continue"))
    back = urlsplit(Client(registers).post(url.path, data={"outcome": "passed"}).location)
    without = "&".join(pair for pair in back.query.split("&") if not pair.startswith("b="))
    signed_in.opens(f"{back.path}?{without}")
    assert "HT-4109" in signed_in.page.text
    assert level(app, signed_in) == 1
    signed_in.opens(f"{back.path}?{back.query}")
    assert level(app, signed_in) == 3


def test_a_stopped_account_is_not_left_behind_for_a_new_one(
    app: flask.Flask, registers: flask.Flask, signed_in: Person, li: Person
) -> None:
    proves(signed_in, registers, REGISTER)
    with app.app_context():
        stops.stop(signed_in.account_id, stops.OTHER, Act("A-17", "safety"))
    proves(li.opens("/account/").signs_in(), registers, FACE)
    assert li.page.request.path == "/realname/conflict"
    assert level(app, li) == 1


class TestOnTheWayToAPortal:
    def test_a_portal_that_demands_a_name_gets_it_in_one_journey(
        self, wang: Person, tax: Portal
    ) -> None:
        wang.opens(tax.url()).signs_in()
        chooses(wang, REGISTER)
        states(wang)
        claims = tax.reads(tax.redeems(wang.arrived["code"]).json["id_token"])
        assert claims["acr"] == "ial2.aal1"
        assert claims["amr"] == ["pwd"]

    def test_the_living_person_is_proved_at_the_vendor_and_comes_back(
        self, registers: flask.Flask, wang: Person, fund: Portal
    ) -> None:
        wang.opens(fund.url()).signs_in()
        assert wang.page.request.path == "/realname/form", "a single way is gone at once"
        states(wang)
        looks(registers, wang)
        claims = fund.reads(fund.redeems(wang.arrived["code"]).json["id_token"])
        assert claims["acr"] == "ial3.aal1"

    def test_who_has_a_name_is_not_asked_for_it_again(
        self, registers: flask.Flask, signed_in: Person, tax: Portal, fund: Portal
    ) -> None:
        proves(signed_in, registers, REGISTER)
        signed_in.opens(tax.url())
        assert "code" in signed_in.arrived
        signed_in.opens(fund.url())
        assert "张*" in signed_in.page.text
        assert NUMBER not in signed_in.page.text
        signed_in.presses("realname-submit", agree="yes")
        looks(registers, signed_in)
        assert "code" in signed_in.arrived

    def test_who_declines_a_binding_level_is_told_so_at_the_portal(
        self, wang: Person, tax: Portal
    ) -> None:
        wang.opens(tax.url()).signs_in()
        wang.presses("realname-decline")
        assert wang.arrived["error"] == "unmet_authentication_requirements"

    def test_who_declines_a_voluntary_level_goes_on_as_they_are(
        self, wang: Person, gjj: Portal
    ) -> None:
        wang.opens(gjj.url(acr_values="ial2.aal1")).signs_in()
        wang.presses("realname-decline")
        claims = gjj.reads(gjj.redeems(wang.arrived["code"]).json["id_token"])
        assert claims["acr"] == "ial1.aal1"

    def test_a_silent_request_hears_that_somebody_must_act(
        self, signed_in: Person, tax: Portal
    ) -> None:
        signed_in.opens(tax.url(prompt="none"))
        assert signed_in.arrived["error"] == "interaction_required"

    def test_a_name_proved_in_another_tab_counts_here(
        self, registers: flask.Flask, wang: Person, tax: Portal
    ) -> None:
        wang.opens(tax.url()).signs_in()
        here = wang.page.request.full_path
        proves(wang, registers, REGISTER)
        wang.opens(here)
        assert "code" in wang.arrived


class TestOutcomes:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("姓名不符", "HT-4121"),
            ("查无此人", "HT-4122"),
            ("非法姓名", "HT-4123"),
            ("次数超限", "HT-4124"),
            ("库在维护", "HT-4125"),
        ],
    )
    def test_nothing_but_a_match_raises_the_level_and_nothing_typed_is_lost(
        self, app: flask.Flask, signed_in: Person, name: str, code: str
    ) -> None:
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in, name=name)
        assert code in signed_in.page.text
        assert f'value="{name}"' in signed_in.page.text
        assert f'value="{NUMBER}"' in signed_in.page.text
        assert "/realname/hall" in signed_in.page.text
        assert level(app, signed_in) == 1
        with app.app_context():
            refused = db.session.scalars(select(AuditEvent).filter_by(action="identity.refused"))
            assert [event.account for event in refused] == [signed_in.account_id]

    @pytest.mark.parametrize("outcome", ["failed", "left"])
    def test_a_face_refused_loses_nothing_typed(
        self, registers: flask.Flask, wang: Person, fund: Portal, outcome: str
    ) -> None:
        wang.opens(fund.url()).signs_in()
        states(wang)
        looks(registers, wang, outcome)
        assert 'value="张三"' in wang.page.text
        assert f'value="{NUMBER}"' in wang.page.text
        wang.presses("realname-submit", id_type="resident_id", agree="yes")
        looks(registers, wang)
        assert "code" in wang.arrived

    def test_a_face_that_nobody_can_answer_for_is_asked_about_again_not_shown_again(
        self, registers: flask.Flask, wang: Person, fund: Portal, tap: Tap
    ) -> None:
        wang.opens(fund.url()).signs_in()
        states(wang)
        tap.change = lambda body: b"{}"
        looks(registers, wang)
        assert "HT-4125" in wang.page.text
        assert f'value="{NUMBER}"' in wang.page.text
        for _ in range(7):
            wang.follows("ask-again")
            assert "HT-4125" in wang.page.text, "and costs no try"
        tap.reset()
        wang.follows("ask-again")
        assert "code" in wang.arrived

    def test_who_goes_to_the_hall_instead_finds_it_filled_in(self, signed_in: Person) -> None:
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in, name="查无此人")
        signed_in.follows("to-hall")
        assert 'value="查无此人"' in signed_in.page.text
        assert f'value="{NUMBER}"' in signed_in.page.text
        signed_in.presses("slip-submit", id_type="resident_id", agree="yes")
        assert "slip-code" in signed_in.page.text

    def test_a_register_that_is_down_costs_no_try(self, signed_in: Person) -> None:
        for _ in range(7):
            signed_in.opens("/realname/").follows(f"way-{REGISTER}")
            states(signed_in, name="库在维护")
            assert "HT-4125" in signed_in.page.text
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in)
        assert signed_in.page.request.path == "/account/"

    def test_a_second_register_answers_where_the_first_cannot(
        self, app: flask.Flask, signed_in: Person, registers: flask.Flask
    ) -> None:
        """Each is asked in the operator's order; which one answered is on record."""
        proves(signed_in, registers, REGISTER)
        with app.app_context():
            (evidence,) = db.session.scalars(select(Evidence))
            assert (evidence.method, evidence.verifier) == (REGISTER, "tencent_register")
            assert evidence.reference

    @pytest.mark.parametrize("outcome", ["failed", "other", "left"])
    def test_a_face_that_does_not_match_may_try_again(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal, outcome: str
    ) -> None:
        wang.opens(fund.url()).signs_in()
        states(wang)
        looks(registers, wang, outcome)
        assert "HT-4126" in wang.page.text
        assert level(app, wang) == 1
        states(wang)
        looks(registers, wang)
        assert "code" in wang.arrived

    def test_whoever_comes_back_without_having_looked_has_proved_nothing(
        self, app: flask.Flask, wang: Person, fund: Portal
    ) -> None:
        wang.opens(fund.url()).signs_in()
        at = wang.page.request.full_path
        states(wang)
        wang.opens(at.replace("/realname/form", "/realname/back"))
        assert "HT-4109" in wang.page.text
        assert level(app, wang) == 1

    def test_another_s_token_in_the_address_is_not_believed(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person, fund: Portal
    ) -> None:
        li.opens(fund.url()).signs_in()
        states(li, number=OTHER_NUMBER)
        theirs = urlsplit(forms.link(li.page.text, "continue")).path.rsplit("/", 1)[1]
        looks(registers, li)
        wang.opens(fund.url()).signs_in()
        at = wang.page.request.full_path
        states(wang)
        wang.opens(f"{at.replace('/realname/form', '/realname/back')}&BizToken={theirs}")
        assert level(app, wang) == 1

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"number": "110000199003070029"}, "HT-4103"),
            ({"number": "110000199902300018"}, "HT-4104"),
            ({"number": "12"}, "HT-4102"),
            ({"number": "810000199508151232"}, "HT-4105"),
            ({"name": "x"}, "HT-4106"),
            ({"name": "张\ue000"}, "HT-4107"),
            ({"kind": "driving_licence"}, "HT-4101"),
            ({"agree": ""}, "HT-4128"),
        ],
    )
    def test_what_is_wrong_with_the_form_is_said_and_asked_of_nobody(
        self, app: flask.Flask, signed_in: Person, changed: dict[str, str], code: str
    ) -> None:
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in, **changed)
        assert code in signed_in.page.text
        assert level(app, signed_in) == 1


class TestLimits:
    def test_one_account_asks_five_times_a_day(self, signed_in: Person) -> None:
        for _ in range(5):
            signed_in.opens("/realname/").follows(f"way-{REGISTER}")
            states(signed_in, name="姓名不符")
            assert "HT-4121" in signed_in.page.text
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in)
        assert "HT-4124" in signed_in.page.text

    def test_one_document_is_asked_for_five_times_a_day_whoever_asks(
        self, people: Any, signed_in: Person
    ) -> None:
        for n in range(5):
            other = people(f"guess{n}", f"+861390000000{n}")
            other.opens("/account/").signs_in()
            other.opens("/realname/").follows(f"way-{REGISTER}")
            states(other, name="姓名不符")
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        states(signed_in)
        assert "HT-4124" in signed_in.page.text


class TestOnePersonOneAccount:
    def test_a_match_of_name_and_number_never_takes_a_name_from_another_account(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        proves(li.opens("/account/").signs_in(), registers, REGISTER)
        assert li.page.request.path == "/realname/conflict"
        assert "138****" not in li.page.text
        assert "wangxm" not in li.page.text
        assert (level(app, wang), level(app, li)) == (2, 1)

    def test_a_face_takes_it_from_a_mere_match_and_the_holder_keeps_the_account(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        li.opens("/account/").signs_in()
        proves(li, registers, REGISTER)
        li.follows("conflict-face")
        states(li)
        looks(registers, li)
        assert (level(app, wang), level(app, li)) == (1, 3)
        wang.opens("/account/")
        assert wang.page.request.path == "/login/", "the holder's sessions end"
        wang.opens("/account/").signs_in()
        assert wang.page.request.path == "/account/"
        with app.app_context():
            (past,) = store.past_of(wang.account_id)
            assert (past.status, past.real_name) == ("displaced", "张三")

    def test_a_face_against_a_face_is_for_the_hall(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, FACE)
        proves(li.opens("/account/").signs_in(), registers, FACE)
        assert li.page.request.path == "/realname/conflict"
        assert "conflict-face" not in li.page.text
        assert "conflict-hall" in li.page.text
        assert (level(app, wang), level(app, li)) == (3, 1)

    def test_whose_the_other_account_is_signs_in_to_it_and_goes_on_to_the_portal(
        self, registers: flask.Flask, wang: Person, li: Person, tax: Portal
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        li.opens(tax.url()).signs_in().follows(f"way-{REGISTER}")
        states(li)
        assert li.page.request.path == "/realname/conflict"
        li.presses("conflict-login").signs_in(username="wangxm")
        told = tax.reads(tax.redeems(li.arrived["code"]).json["id_token"])
        assert told["acr"] == "ial2.aal1"
        assert "wangxm" in li.opens("/account/").page.text

    def test_who_came_by_the_register_to_a_face_may_show_theirs_and_merge(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, FACE)
        proves(li.opens("/account/").signs_in(), registers, REGISTER)
        assert "conflict-merge" not in li.page.text
        li.follows("conflict-face")
        assert f'value="{NUMBER}"' in li.page.text, "what was typed is still there"
        li.presses("realname-submit", id_type="resident_id", agree="yes")
        looks(registers, li).follows("conflict-merge").presses("merge-submit")
        assert level(app, li) == 3

    def test_an_account_has_one_name_only(
        self, app: flask.Flask, registers: flask.Flask, signed_in: Person
    ) -> None:
        proves(signed_in, registers, REGISTER)
        with app.app_context():
            account = accounts.by_id(signed_in.account_id)
            assert account is not None
            other = store.Person("李四", "resident_id", OTHER_NUMBER, f"resident_id:{OTHER_NUMBER}")
            proof = store.Proof(REGISTER, "x", "", 2)
            with pytest.raises(identities.NamedOtherwise):
                identities.bind(account, identities.Confirmed(other, proof))


class TestTheAgreement:
    def test_each_check_is_agreed_to_apart_from_any_other(
        self, app: flask.Flask, signed_in: Person
    ) -> None:
        signed_in.opens("/realname/").follows(f"way-{REGISTER}")
        assert "/signup/agreements/realname" in signed_in.page.text
        states(signed_in, agree="")
        assert "HT-4128" in signed_in.page.text
        with app.app_context():
            assert "realname" not in {name for name, _ in accounts.accepted(signed_in.account_id)}
        states(signed_in)
        with app.app_context():
            assert "realname" in {name for name, _ in accounts.accepted(signed_in.account_id)}

    def test_nobody_is_asked_for_it_at_sign_in(self, wang: Person) -> None:
        wang.opens("/account/").signs_in()
        assert wang.page.request.path == "/account/"

    @pytest.mark.parametrize("language", ["zh-CN", "en"])
    def test_its_text_is_there_for_everybody(self, client: Any, language: str) -> None:
        shown = client.get(f"/signup/agreements/realname?ui_locales={language}")
        assert shown.status_code == 200
        assert "2026-11" in shown.text
