"""Through the hall: a slip to show, a clerk who compares, and a name nobody can doubt."""

import re
from datetime import timedelta

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, identities, staff
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.oidc.actors import Person, Portal
from tests.realname.test_proving import FACE, NUMBER, REGISTER, level, proves

OFFICER = "4401-0077"
CODE = re.compile(r'id="slip-code">([0-9A-Z-]+)<')


def takes_slip(person: Person, name: str = "张三", number: str = NUMBER) -> str:
    """The code on the slip."""
    person.opens("/realname/")
    if person.page.request.path == "/realname/":
        person.follows("way-hall")
    elif person.page.request.path == "/realname/form":
        person.follows("to-hall")
    given = {"id_type": "resident_id", "real_name": name, "id_number": number, "agree": "yes"}
    person.presses("slip-submit", **given)
    found = CODE.search(person.page.text)
    assert found is not None, person.page.text
    return found[1]


@pytest.fixture
def signed_in(wang: Person) -> Person:
    return wang.opens("/account/").signs_in()


def test_a_clerk_confirms_and_the_person_stands_highest(
    app: flask.Flask, signed_in: Person, fund: Portal
) -> None:
    code = takes_slip(signed_in)
    assert NUMBER not in signed_in.page.text
    assert "张*" in signed_in.page.text
    with app.app_context():
        shown = cases.read(code.lower().replace("-", " "), OFFICER)
        assert shown.stated["number"] == NUMBER
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    assert level(app, signed_in) == 4
    signed_in.browser = app.test_client()
    signed_in.opens(fund.url()).signs_in()
    assert (
        fund.reads(fund.redeems(signed_in.arrived["code"]).json["id_token"])["acr"] == "ial4.aal1"
    )


def test_nobody_takes_slips_all_day(
    app: flask.Flask, signed_in: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each restates another person; who restates the same has the one there is."""
    monkeypatch.setattr(cases, "SLIPS_DAY", 2)
    takes_slip(signed_in, "张一")
    code = takes_slip(signed_in, "张二")
    assert takes_slip(signed_in, "张二") == code
    given = {"id_type": "resident_id", "real_name": "张三", "id_number": NUMBER, "agree": "yes"}
    signed_in.presses("slip-submit", **given)
    assert cases.AskedTooOften.code in signed_in.page.text
    with app.app_context():
        assert cases.read(code, OFFICER).open


def test_a_session_of_before_stands_on_it_too_once_the_person_asks(
    app: flask.Flask, signed_in: Person, fund: Portal
) -> None:
    code = takes_slip(signed_in)
    with app.app_context():
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    signed_in.opens(fund.url())
    assert "code" in signed_in.arrived


def test_who_is_refused_stays_who_they_were_and_may_come_again(
    app: flask.Flask, signed_in: Person
) -> None:
    code = takes_slip(signed_in)
    with app.app_context():
        with pytest.raises(staff.OfficerUnnamed):
            cases.decide(code, OFFICER, cases.REFUSED, " ")
        cases.decide(code, OFFICER, cases.REFUSED, "证件已过期")
        with pytest.raises(cases.NoSuchCase):
            cases.decide(code, OFFICER, cases.CONFIRMED, "")
    assert level(app, signed_in) == 1
    assert takes_slip(signed_in) != code


def test_every_look_and_every_decision_names_the_officer(
    app: flask.Flask, signed_in: Person
) -> None:
    code = takes_slip(signed_in)
    with app.app_context():
        with pytest.raises(staff.OfficerUnnamed):
            cases.read(code, " ")
        cases.read(code, OFFICER)
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
        found = db.session.scalars(select(AuditEvent).where(AuditEvent.action.like("case.%")))
        said = {(event.action, orjson.loads(event.details).get("officer", "")) for event in found}
    assert said == {("case.opened", ""), ("case.read", OFFICER), ("case.decided", OFFICER)}


def test_a_slip_runs_out(app: flask.Flask, signed_in: Person) -> None:
    code = takes_slip(signed_in)
    later = cases.VALID_FOR + timedelta(days=1, minutes=1)
    with app.app_context(), time_machine.travel(later), pytest.raises(cases.NoSuchCase):
        cases.read(code, OFFICER)


def test_who_asks_again_for_the_same_has_the_same_slip(signed_in: Person) -> None:
    assert takes_slip(signed_in) == takes_slip(signed_in)


def test_another_name_is_another_slip_and_the_first_is_good_no_more(
    app: flask.Flask, signed_in: Person
) -> None:
    first = takes_slip(signed_in, name="张叁")
    second = takes_slip(signed_in)
    with app.app_context():
        with pytest.raises(cases.NoSuchCase):
            cases.read(first, OFFICER)
        assert cases.read(second, OFFICER).stated["name"] == "张三"


def test_the_hall_decides_between_two_faces(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    proves(li.opens("/account/").signs_in(), registers, FACE)
    assert li.page.request.path == "/realname/conflict"
    code = takes_slip(li)
    with app.app_context():
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    assert (level(app, wang), level(app, li)) == (1, 4)


def test_a_name_given_in_the_hall_is_taken_by_nobody(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    code = takes_slip(wang.opens("/account/").signs_in())
    with app.app_context():
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    proves(li.opens("/account/").signs_in(), registers, FACE)
    assert li.page.request.path == "/realname/conflict"
    code = takes_slip(li)
    with app.app_context(), pytest.raises(identities.HeldElsewhere):
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    assert (level(app, wang), level(app, li)) == (4, 1)


def test_what_is_wrong_on_the_slip_is_said_and_kept(signed_in: Person) -> None:
    signed_in.opens("/realname/").follows("way-hall")
    given = {"id_type": "resident_id", "real_name": "张三", "id_number": "123", "agree": "yes"}
    signed_in.presses("slip-submit", **given)
    assert "HT-4102" in signed_in.page.text
    assert 'value="张三"' in signed_in.page.text


def test_who_has_a_name_brings_it_along(
    app: flask.Flask, registers: flask.Flask, signed_in: Person
) -> None:
    proves(signed_in, registers, REGISTER)
    signed_in.opens("/realname/").follows("to-hall").presses("slip-submit", agree="yes")
    found = CODE.search(signed_in.page.text)
    assert found is not None
    with app.app_context():
        cases.decide(found[1], OFFICER, cases.CONFIRMED, "")
    assert level(app, signed_in) == 4
