"""Signing in with an ID number for a name: whose it was verified to be, and nobody else's."""

from collections.abc import Callable

import flask
import pytest

from idp import identities
from idp.realname import documents
from tests.actors import Citizen
from tests.flows.test_sign_in import GOOD, id_of, signed_in
from tests.oidc.actors import Person, proven

Citizens = Callable[..., Citizen]
NUMBER, OLD = "11000019900307001X", "110000900307001"
PERMIT, NOBODY_S = "830000199201300022", "110000199003070028"


@pytest.fixture
def wang(app: flask.Flask, citizens: Citizens) -> Citizen:
    """Has an account, a password, and a verified name."""
    citizen = citizens().signs_up(username="wang_xm", password=GOOD)
    proven(Person(app, id_of(app, citizen), ""), number=NUMBER)
    return citizen


@pytest.mark.parametrize("written", [NUMBER, NUMBER.lower(), f" {NUMBER} ", OLD])
def test_every_spelling_of_the_number_leads_to_the_account(
    wang: Citizen, citizens: Citizens, written: str
) -> None:
    assert signed_in(citizens("13822220000").signs_in_by_password(written, GOOD))


def test_a_residence_permit_does_too(app: flask.Flask, citizens: Citizens) -> None:
    li = citizens().signs_up(username="li_na", password=GOOD)
    proven(Person(app, id_of(app, li), ""), number=PERMIT, kind="hmt_residence")
    assert signed_in(citizens("13822220000").signs_in_by_password(PERMIT, GOOD))


def test_a_number_nobody_has_is_refused_like_one_with_a_wrong_password(
    wang: Citizen, citizens: Citizens
) -> None:
    wrong = citizens("13822220000").signs_in_by_password(NUMBER, "not the password 1")
    unknown = citizens("13822220001").signs_in_by_password(NOBODY_S, "not the password 1")
    assert (wrong.status, unknown.status) == (400, 400)
    assert "HT-3001" in wrong.text or "密码错误" in wrong.text
    assert _told(wrong, NUMBER) == _told(unknown, NOBODY_S)


def test_tries_by_either_name_are_counted_together(wang: Citizen, citizens: Citizens) -> None:
    stranger = citizens("13822220000")
    left = [
        _tries_left(stranger.signs_in_by_password(name, "not the password 1"))
        for name in ("wang_xm", NUMBER, OLD)
    ]
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == 3


def test_who_lost_the_name_is_not_found_by_it(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    with app.app_context():
        identities.take_away(id_of(app, wang), "not theirs", officer="g-1024")
    assert not signed_in(citizens("13822220000").signs_in_by_password(NUMBER, GOOD))


@pytest.mark.parametrize("written", ["", "wang_xm", "13800000001", "+8613800000001", "12", "A1"])
def test_nothing_else_is_taken_for_one(written: str) -> None:
    assert documents.named_by(written) is None


def _told(citizen: Citizen, typed: str) -> str:
    """The page without what was typed, the token and the way through sign-in."""
    return "".join(line for line in citizen.text.splitlines() if "错误" in line).replace(typed, "")


def _tries_left(citizen: Citizen) -> str:
    return _told(citizen, "")
