"""A province with a few portals and a person; registrations may be varied by each test."""

from collections.abc import Callable
from functools import partial

import flask
import pytest

from tests.oidc.actors import STATUTE, Person, Portal, registered, with_account


@pytest.fixture
def register(app: flask.Flask) -> Callable[..., Portal]:
    return partial(registered, app)


@pytest.fixture
def shebao(register: Callable[..., Portal]) -> Portal:
    """Asks for consent."""
    return register("shebao")


@pytest.fixture
def gjj(register: Callable[..., Portal]) -> Portal:
    """Stands on a statute, and may be told the number."""
    claims = ["phone_number", "phone_number_verified"]
    return register("gjj", legal_basis="statutory", statute=STATUTE, claims=claims)


@pytest.fixture
def people(app: flask.Flask) -> Callable[..., Person]:
    return partial(with_account, app)


@pytest.fixture
def wang(people: Callable[..., Person]) -> Person:
    return people("wangxm", "+8613800000001")
