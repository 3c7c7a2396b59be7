"""Whatever is good once is good once, however many try it in one moment."""

import flask
import pytest
from sqlalchemy import func, select

from idp.store.accounts import Account, AgreementAcceptance
from idp.store.engines import db
from tests import forms
from tests.actors import Citizen
from tests.attacks.crowds import MANY, at_once, tabs, won
from tests.attacks.people import GOOD, NEW, WRONG, Citizens, proven
from tests.flows.test_throttling import fails, solve, stranger


def count(app: flask.Flask, what: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(what)) or 0


def test_one_code_signs_in_once(wang: Citizen, citizens: Citizens) -> None:
    browser = citizens(wang.number).visits("/login/?m=sms")
    browser.submits("send-code", phone=wang.number)
    code = browser.phone.code()
    those = tabs(browser)

    at_once([lambda tab=tab: tab.submits("login-submit", sms_code=code) for tab in those])

    assert len(won([tab.visits("/account/") for tab in those], "/account/")) == 1


def test_one_number_opens_one_account(app: flask.Flask, citizens: Citizens) -> None:
    new = citizens().signs_in_by_code()
    those = tabs(new)

    at_once([lambda tab=tab: tab.submits("signup-submit", agree="yes") for tab in those])

    assert count(app, Account) == 1
    assert count(app, AgreementAcceptance) == 2


def test_one_number_proven_in_many_browsers_opens_one_account(
    app: flask.Flask, citizens: Citizens
) -> None:
    those = [citizens("13800000001").signs_in_by_code() for _ in range(6)]

    at_once([lambda each=each: each.submits("signup-submit", agree="yes") for each in those])

    assert count(app, Account) == 1


def test_one_recovery_sets_one_password(wang: Citizen, citizens: Citizens) -> None:
    those = tabs(proven(citizens(wang.number)))
    chosen = [f"{NEW} {number}" for number in range(MANY)]

    at_once(
        [
            lambda tab=tab, new=new: tab.submits("password-submit", new_password=new)
            for tab, new in zip(those, chosen, strict=True)
        ]
    )

    winners = won(those, "/recover/done")
    assert len(winners) == 1
    late = citizens("13700000000")
    late.signs_in_by_password("wang_xm", chosen[those.index(winners[0])])
    assert late.at == "/account/"


def test_one_code_changes_the_number_once(wang: Citizen) -> None:
    old, wang.phone.number = wang.number, "13900000002"
    wang.visits("/account/phone").submits("send-code", phone="13900000002")
    code = wang.phone.code()
    those = tabs(wang)

    at_once([lambda tab=tab: tab.submits("phone-submit", sms_code=code) for tab in those])

    done = [tab for tab in those if tab.page.request.query_string == b"done=phone"]
    assert len(done) == 1
    wang.phone.number = old
    assert len(wang.phone.texts()) == 2  # the code at sign-up, and one notice


def test_one_number_goes_to_one_of_those_who_prove_it(citizens: Citizens) -> None:
    those = [citizens(f"1370000000{n}").signs_up() for n in range(5)]
    codes = []
    for each in those:
        each.phone.number = "13900000009"
        each.visits("/account/phone").submits("send-code", phone="13900000009")
        codes.append(each.phone.code())

    at_once(
        [
            lambda each=each, code=code: each.submits("phone-submit", sms_code=code)
            for each, code in zip(those, codes, strict=True)
        ]
    )

    assert sum("done=phone" in each.page.request.full_path for each in those) == 1


def test_one_name_goes_to_one_of_those_who_choose_it(citizens: Citizens) -> None:
    those = [citizens(f"1370000000{n}").signs_up() for n in range(6)]
    for each in those:
        each.visits("/account/username")

    at_once([lambda each=each: each.submits("username-submit", username="li_si") for each in those])

    assert sum("done=username" in each.page.request.full_path for each in those) == 1
    assert sum("HT-3002" in each.text for each in those) == 5


@pytest.mark.parametrize("tries", [12])
def test_one_proof_of_work_is_one_pass(wang: Citizen, citizens: Citizens, tries: int) -> None:
    guessing = fails(stranger(citizens, 1), 3)
    proof = solve(guessing)
    those = tabs(guessing, tries)

    at_once(
        [
            lambda tab=tab: tab.submits(
                "login-submit", username="wang_xm", password=WRONG, altcha=proof
            )
            for tab in those
        ]
    )

    assert sum("HT-9031" in tab.text for tab in those) == tries - 1


def test_an_answer_given_many_times_at_once_signs_out_once_and_for_all(wang: Citizen) -> None:
    wang.visits("/oauth/logout")
    cookie = wang.browser.get_cookie("hutong_sso")
    those = tabs(wang)

    at_once([lambda tab=tab: tab.submits("logout-yes") for tab in those])

    assert not [tab for tab in those if tab.status >= 500]
    assert cookie is not None
    wang.browser.set_cookie("hutong_sso", cookie.value)
    assert wang.visits("/account/").at == "/login/"


def test_signing_in_while_everything_ends_leaves_no_session_behind(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    """A new password, while its old one is being entered in many places."""
    wang.visits("/account/password")
    those = []
    for number in range(8):
        each = citizens(f"1370000{number:04}", address=f"198.51.{number}.1").visits("/login/")
        those.append(each.visits(each.at_url("m=password")))

    def change() -> None:
        wang.submits("password-submit", password=GOOD, new_password=NEW)

    entering = [
        lambda each=each: each.submits("login-submit", username="wang_xm", password=GOOD)
        for each in those
    ]
    at_once([change, *entering])

    assert "done=password" in wang.page.request.full_path
    assert not won([each.visits("/account/") for each in those], "/account/")


def test_a_form_opens_as_many_doors_as_it_has_tokens(wang: Citizen) -> None:
    """Our token is for one browser: it is not what makes a form count once, the proof is."""
    wang.visits("/account/username")
    token = forms.with_button(wang.text, "username-submit").fields["csrf_token"]
    wang.browser.delete_cookie("hutong_form")

    wang.posts("/account/username", username="taken_by_others", csrf_token=token)

    assert "HT-9005" in wang.text
