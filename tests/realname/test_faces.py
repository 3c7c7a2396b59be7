"""Every look at a living face, through our pages: there, and back with what came of it."""

from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from werkzeug.test import Client

from idp import levels
from idp.realname.verifiers import VERIFIERS
from idp.store import accounts
from idp.store import identities as store
from tests import forms
from tests.oidc.actors import Person, Portal

FACES = [name for name, made in VERIFIERS.items() if made.method == "face"]
MINE, ANOTHER = "11000019900307001X", "110000199003070028"


@pytest.fixture(params=FACES)
def offered(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return (request.param,)


def goes(person: Person, name: str = "张三", number: str = MINE) -> str:
    """States who they are and consents: where the vendor's page is."""
    given = {"id_type": "resident_id", "real_name": name, "id_number": number, "agree": "yes"}
    person.presses("realname-submit", **given)
    return forms.link(person.page.text, "continue")


def looks(registers: flask.Flask, url: str, outcome: str = "passed") -> str:
    """At the vendor's page: the address of the way back."""
    parts, browser = urlsplit(url), Client(registers)
    page = browser.get(f"{parts.path}?{parts.query}", follow_redirects=True)
    back = urlsplit(browser.post(page.request.path, data={"outcome": outcome}).location)
    return f"{back.path}?{back.query}"


def level(app: flask.Flask, person: Person) -> int:
    with app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        return levels.of(account)


def test_the_living_person_is_proved_at_the_vendor_and_comes_back(
    app: flask.Flask,
    registers: flask.Flask,
    wang: Person,
    fund: Portal,
    offered: tuple[str, ...],
) -> None:
    wang.opens(fund.url()).signs_in()
    wang.opens(looks(registers, goes(wang)))
    assert "code" in wang.arrived
    with app.app_context():
        identity = store.of(wang.account_id)
        assert identity is not None
        (evidence,) = store.evidence_of(identity)
        assert (evidence.verifier, identity.real_name) == (offered[0], "张三")
        assert MINE not in evidence.reference


@pytest.mark.parametrize("outcome", ["failed", "other", "left"])
def test_nothing_else_proves_anything_and_a_second_look_is_open(
    app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal, outcome: str
) -> None:
    wang.opens(fund.url()).signs_in()
    wang.opens(looks(registers, goes(wang), outcome))
    assert "HT-4126" in wang.page.text
    assert level(app, wang) == 1
    wang.opens(looks(registers, goes(wang)))
    assert "code" in wang.arrived


def test_another_s_look_does_not_count_whatever_the_address_says(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person, fund: Portal
) -> None:
    li.opens(fund.url()).signs_in()
    there: Any = urlsplit(looks(registers, goes(li, "李四", ANOTHER)))
    wang.opens(fund.url()).signs_in()
    at = wang.page.request.full_path.replace("/realname/form", "/realname/back")
    goes(wang)
    told = "&".join(part for part in there.query.split("&") if not part.startswith("i="))
    wang.opens(f"{at}&{told}")
    assert level(app, wang) == 1
