"""Citizens with a phone, and portals that get to know them."""

from collections.abc import Callable

import flask
import pytest

from idp.store import accounts
from tests.actors import Citizen
from tests.flows.conftest import changes, citizen, citizens, configured, sandbox
from tests.oidc.actors import Person, proven

__all__ = ["changes", "citizen", "citizens", "configured", "sandbox"]

Citizens = Callable[..., Citizen]
GOOD = "琴台 Lantern 7392"


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    return citizens().signs_up(username="wang_xm", password=GOOD)


@pytest.fixture
def id_of(app: flask.Flask) -> Callable[[Citizen], str]:
    def find(citizen: Citizen) -> str:
        with app.app_context():
            account = accounts.by_phone(f"+86{citizen.number}")
            assert account is not None
            return account.id

    return find


@pytest.fixture
def named(app: flask.Flask, id_of: Callable[[Citizen], str]) -> Callable[..., str]:
    """Have a verifier confirm a citizen's name; returns the account's id."""

    def prove(citizen: Citizen, **how: str | int) -> str:
        account_id = id_of(citizen)
        proven(Person(app, account_id, ""), **how)  # type: ignore[arg-type]
        return account_id

    return prove
