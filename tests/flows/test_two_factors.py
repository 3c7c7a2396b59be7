"""Two factors at every sign-in, where a person wants it so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp.store.accounts import Account
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    """Signed up with a password, and so has two kinds."""
    return citizens().signs_up(username="wang_xm", password=GOOD)


@pytest.fixture
def careful(app: flask.Flask, wang: Citizen) -> Citizen:
    with app.app_context():
        found = db.session.scalars(select(Account)).one()
        found.password_settles_at = None
        db.session.commit()
    wang.visits("/account/methods/two-factor")
    if wang.at == "/login/":
        wang.visits(wang.at_url("m=password"))
        wang.submits("login-submit", username="wang_xm", password=GOOD)
    return wang.submits("two-factor-on")


def test_both_are_shown_before_they_are_asked_for_ever_after(careful: Citizen) -> None:
    assert careful.at == "/account/methods"
    assert "每次登录都要两种验证方式" in careful.text


@pytest.mark.parametrize("first", ["sms", "password"])
def test_one_factor_opens_nothing_and_the_other_of_the_same_person_does(
    careful: Citizen, citizens: Citizens, first: str
) -> None:
    phone = citizens(careful.number)
    if first == "sms":
        phone.signs_in_by_code()
        assert phone.at == "/login/"
        assert "两种验证方式" in phone.text
        page = phone.page
        assert phone.visits("/account/").at == "/login/"
        phone.page = page
        phone.submits("login-submit", username="wang_xm", password=GOOD)
    else:
        phone.signs_in_by_password("wang_xm", GOOD)
        assert "两种验证方式" in phone.text
        assert phone.number not in phone.text
        phone.submits("send-code").submits("login-submit", sms_code=phone.phone.code())

    assert (phone.at, phone.status) == ("/account/", 200)


def test_another_persons_factor_is_not_the_second(careful: Citizen, citizens: Citizens) -> None:
    citizens().signs_up(username="li_na", password="Quiet-Harbour 5518 松")
    thief = citizens(careful.number).signs_in_by_code()

    thief.submits("login-submit", username="li_na", password="Quiet-Harbour 5518 松")

    assert thief.at != "/account/"
    assert thief.visits("/account/").at == "/login/"


def test_whoever_has_one_kind_is_told_what_to_add(citizens: Citizens) -> None:
    zhang = citizens().signs_up().visits("/account/methods/two-factor")

    assert (zhang.at, zhang.status) == ("/account/methods/two-factor", 409)
    assert "请先添加另一种" in zhang.text
    assert "two-factor-on" not in zhang.text


def test_other_devices_sign_in_again(app: flask.Flask, wang: Citizen, citizens: Citizens) -> None:
    other = citizens(wang.number).signs_in_by_code()
    with app.app_context():
        db.session.scalars(select(Account)).one().password_settles_at = None
        db.session.commit()
    wang.visits("/account/methods/two-factor")
    wang.visits(wang.at_url("m=password"))
    wang.submits("login-submit", username="wang_xm", password=GOOD).submits("two-factor-on")

    assert wang.at == "/account/methods"
    assert other.visits("/account/").at == "/login/"


def test_it_is_taken_back_with_two_factors_and_told_to_the_phone(
    app: flask.Flask, careful: Citizen, citizens: Citizens
) -> None:
    careful.visits("/account/methods/two-factor").submits("two-factor-off")

    assert careful.at == "/account/methods"
    assert any("不再要求两种" in each for each in careful.phone.texts())
    assert citizens(careful.number).signs_in_by_code().at == "/account/"
    with app.app_context():
        told = select(AuditEvent).filter_by(action="two_factor.chosen")
        assert len(db.session.scalars(told).all()) == 2


def test_it_is_not_taken_back_hours_after_the_proof(careful: Citizen) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=True):
        assert careful.visits("/account/methods/two-factor").at == "/login/"
