"""Every kind of document, from the page it is typed on to the account it belongs to."""

import flask
import pytest

from idp import cases
from idp.crypto import masking
from idp.realname import documents
from idp.store import identities as store
from tests.oidc.actors import Person, Portal
from tests.realname.test_hall import OFFICER, takes_slip
from tests.realname.test_proving import REGISTER, level, proves, states

EXAMPLES = {
    "resident_id": ("11000019900307001X", "王小明"),
    "hmt_residence": ("810000199508151232", "陈大文"),
    "permanent_residence": ("931840199001010011", "JOHN O'NEILL"),
    "hm_travel": ("H12345678", "陈大文"),
    "tw_travel": ("12345678", "林志豪"),
    "passport": ("E12345678", "欧阳㛃"),
    "foreign_passport": ("X1Y2Z3456", "MÜLLER JÖRG"),
}
OF_HALL = [kind for kind in EXAMPLES if kind != documents.RESIDENT]
"""Kinds no register of ours knows: their way is the hall."""


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(documents.KINDS)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_it_is_confirmed_in_the_hall_and_shown_masked(
    app: flask.Flask, wang: Person, fund: Portal, kind: str
) -> None:
    number, name = EXAMPLES[kind]
    wang.opens("/account/").signs_in()
    wang.opens("/realname/").follows("way-hall")
    given = {"id_type": kind, "real_name": name, "id_number": number, "agree": "yes"}
    wang.presses("slip-submit", birthdate="1990-03-07", **given)
    assert number not in wang.page.text
    with app.app_context():
        (case,) = cases.store.of(wang.account_id)
        cases.decide(case.code, OFFICER, cases.CONFIRMED, "")
        identity = store.of(wang.account_id)
        assert identity is not None
        assert (identity.kind, identity.number, identity.real_name) == (kind, number, name)
    assert level(app, wang) == 4
    wang.opens("/account/identity")
    assert number not in wang.page.text
    assert masking.id_number(number) in wang.page.text
    wang.opens(fund.url())
    assert "code" in wang.arrived


@pytest.mark.parametrize("kind", OF_HALL)
def test_a_register_that_does_not_know_the_kind_leads_to_the_hall(
    app: flask.Flask, wang: Person, kind: str
) -> None:
    number, name = EXAMPLES[kind]
    wang.opens("/account/").signs_in()
    wang.opens("/realname/").follows(f"way-{REGISTER}")
    states(wang, name, number, kind)
    assert "HT-4122" in wang.page.text
    assert "/realname/hall" in wang.page.text
    assert number in wang.page.text, "what was typed is still there"
    assert level(app, wang) == 1


@pytest.mark.parametrize("kind", EXAMPLES)
def test_one_document_has_one_account_whatever_its_kind(
    app: flask.Flask, wang: Person, li: Person, kind: str
) -> None:
    number, name = EXAMPLES[kind]
    for person in (wang, li):
        person.opens("/account/").signs_in().opens("/realname/").follows("way-hall")
        given = {"id_type": kind, "real_name": name, "id_number": number, "agree": "yes"}
        person.presses("slip-submit", birthdate="1990-03-07", **given)
    with app.app_context():
        (first,), (second,) = cases.store.of(wang.account_id), cases.store.of(li.account_id)
        cases.decide(first.code, OFFICER, cases.CONFIRMED, "")
        with pytest.raises(cases.identities.HeldElsewhere):
            cases.decide(second.code, OFFICER, cases.CONFIRMED, "")
    assert (level(app, wang), level(app, li)) == (4, 1)


def test_a_number_of_fifteen_digits_is_the_person_of_eighteen(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    """The old number finds whom the new one belongs to."""
    proves(wang.opens("/account/").signs_in(), registers, REGISTER, number="110000900307001")
    assert level(app, wang) == 2
    takes_slip(li.opens("/account/").signs_in(), number="11000019900307001X")
    with app.app_context():
        identity = store.of(wang.account_id)
        (case,) = cases.store.of(li.account_id)
        assert identity is not None
        assert identity.document == case.stated["document"]
