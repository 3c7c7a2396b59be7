"""A province with a few portals and a person; registrations may be varied by each test."""

from collections.abc import Callable
from typing import Any

import flask
import pytest

from idp import agreements, standing
from idp.services import services
from idp.store import accounts
from idp.store.engines import db
from idp.store.types import now
from tests.oidc.actors import PASSWORD, Person, Portal

STATUTE = "《住房公积金管理条例》第十三条"
EVERYTHING = "openid profile email address phone offline_access"


@pytest.fixture
def register(app: flask.Flask) -> Callable[..., Portal]:
    def make(client_id: str, **metadata: Any) -> Portal:
        given: dict[str, Any] = {
            "name": client_id,
            "redirect_uris": [f"https://{client_id}.test/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": EVERYTHING,
            "post_logout_redirect_uris": [f"https://{client_id}.test/bye"],
            "home_uri": f"https://{client_id}.test/",
        } | metadata
        with app.app_context():
            secret = standing.create_client(client_id, given)
        return Portal(app, client_id, secret, "".join(given["redirect_uris"][:1]))

    return make


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
    def make(username: str, phone: str | None = None, **fields: Any) -> Person:
        with app.app_context():
            account = accounts.Account(
                phone=phone,
                phone_index=phone,
                phone_proven_at=now(),
                username=username,
                username_key=accounts.username_key(username),
                password_hash=services.passwords.hash(PASSWORD),
                **fields,
            )
            db.session.add(account)
            db.session.flush()
            agreements.accept(account.id, agreements.current())
            db.session.commit()
            return Person(app, account.id, username)

    return make


@pytest.fixture
def wang(people: Callable[..., Person]) -> Person:
    return people("wangxm", "+8613800000001")
