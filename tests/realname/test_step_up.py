"""Portals that ask for more: each level, by wish and by demand, proved in place and told back."""

import time
from collections.abc import Callable

import flask
import pytest
import time_machine

from idp import assurance, identities
from tests.actors import Phone
from tests.oidc.actors import Person, Portal, registered
from tests.realname.test_joining import by_code
from tests.realname.test_proving import FACE, REGISTER, looks, proves, states

PHONE = "13800000001"
LEVELS = ["ial1.aal2", "ial2.aal1", "ial2.aal2", "ial3.aal1", "ial3.aal2"]
Phones = Callable[[str], Phone]


def goes_through(
    person: Person, portal: Portal, registers: flask.Flask, phones: Phones, **asked: str
) -> dict[str, object]:
    """Every page on the way, whichever comes; the claims of the ID token at the end of it."""
    person.opens(portal.url(**asked)).signs_in()
    pages: list[str] = []
    while "code" not in person.arrived:
        path = person.page.request.path
        pages.append(path)
        assert len(pages) < 8, pages
        if path == "/realname/":
            person.follows(f"way-{REGISTER}")
        elif path == "/realname/form":
            states(person)
            if "continue" in person.page.text:
                looks(registers, person)
        else:
            assert path == "/login/"
            by_code(person, phones(PHONE))
    return portal.reads(portal.redeems(person.arrived["code"]).json["id_token"])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("how", ["minimum", "acr_values"])
def test_what_a_portal_asks_for_is_proved_in_place_and_told(
    app: flask.Flask, registers: flask.Flask, wang: Person, phones: Phones, how: str, level: str
) -> None:
    basis = {"legal_basis": "statutory", "statute": "《公积金条例》"}
    demanded = {"minimum_acr": level} if how == "minimum" else {}
    portal = registered(app, "asks", **basis, **demanded)
    wished = {"acr_values": level} if how == "acr_values" else {}
    before = int(time.time())
    told = goes_through(wang, portal, registers, phones, **wished)
    assert told["acr"] == level
    wants = assurance.Level.parse(level)
    assert wants is not None
    assert set(told["amr"]) == ({"pwd", "sms"} if wants.aal == 2 else {"pwd"})  # type: ignore[call-overload]
    assert before <= told["auth_time"] <= time.time()  # type: ignore[operator]
    wang.opens(portal.url(**wished))
    assert "code" in wang.arrived, "and it is not asked for again"


def test_of_several_levels_the_least_is_enough(
    app: flask.Flask, registers: flask.Flask, wang: Person, phones: Phones, gjj: Portal
) -> None:
    told = goes_through(wang, gjj, registers, phones, acr_values="ial3.aal2 ial2.aal1 ial9.aal9")
    assert told["acr"] == "ial2.aal1"


def test_of_two_levels_neither_of_which_covers_the_other_the_one_that_can_be_had_is_offered(
    people: Callable[..., Person], gjj: Portal
) -> None:
    without_a_phone = people("gudu")
    without_a_phone.opens(gjj.url(acr_values="ial1.aal2 ial2.aal1")).signs_in()
    assert without_a_phone.page.request.path.startswith("/realname/")


def test_a_level_wished_for_beyond_the_registered_minimum_is_offered_as_it_is(
    registers: flask.Flask, wang: Person, tax: Portal, phones: Phones
) -> None:
    told = goes_through(wang, tax, registers, phones)
    assert told["acr"] == "ial2.aal1"
    wang.opens(tax.url(acr_values="ial3.aal1"))
    states(wang)
    looks(registers, wang)
    claims = tax.reads(tax.redeems(wang.arrived["code"]).json["id_token"])
    assert claims["acr"] == "ial3.aal1"


@pytest.mark.parametrize(
    ("declines", "told"), [("realname", "ial1.aal1"), ("step-up", "ial3.aal1")]
)
def test_who_declines_half_way_is_told_as_they_are(
    app: flask.Flask, registers: flask.Flask, wang: Person, gjj: Portal, declines: str, told: str
) -> None:
    wang.opens(gjj.url(acr_values="ial3.aal2")).signs_in()
    if declines == "step-up":
        states(wang)
        looks(registers, wang)
    wang.presses(f"{declines}-decline")
    claims = gjj.reads(gjj.redeems(wang.arrived["code"]).json["id_token"])
    assert claims["acr"] == told


def test_adding_a_factor_tells_the_time_of_the_last_proof(
    app: flask.Flask, registers: flask.Flask, wang: Person, phones: Phones
) -> None:
    basis = {"legal_basis": "statutory", "statute": "《公积金条例》"}
    strict = registered(app, "strict", minimum_acr="ial1.aal2", **basis)
    wang.opens("/account/").signs_in()
    first = time.time()
    with time_machine.travel(first + 300, tick=True):
        wang.opens(strict.url())
        by_code(wang, phones(PHONE))
        told = strict.reads(strict.redeems(wang.arrived["code"]).json["id_token"])
    assert (set(told["amr"]), told["acr"]) == ({"pwd", "sms"}, "ial1.aal2")
    assert told["auth_time"] >= int(first + 300)


class TestTheButton:
    def test_it_is_there_while_more_can_be_reached(
        self, registers: flask.Flask, wang: Person
    ) -> None:
        wang.opens("/account/").signs_in().opens("/account/identity")
        assert "to-realname" in wang.page.text
        proves(wang, registers, REGISTER)
        assert "to-realname" in wang.opens("/account/identity").page.text

    def test_it_hides_at_the_highest_level_there_is_from_home(
        self, registers: flask.Flask, wang: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, FACE)
        assert "to-realname" not in wang.opens("/account/identity").page.text

    def test_it_comes_back_when_the_level_was_lowered(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, FACE)
        with app.app_context():
            identities.lower(wang.account_id, 2, "photo disputed")
        wang.opens("/account/").signs_in().opens("/account/identity")
        assert "to-realname" in wang.page.text
