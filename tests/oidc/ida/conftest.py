"""A portal that is approved for everything, people with evidence, and a way to ask and to hear."""

from collections.abc import Callable
from typing import Any

import flask
import orjson
import pytest

from idp.store.clients import SENSITIVE
from tests.oidc.actors import EVERYTHING, Person, Portal, proven, reading_letters
from tests.oidc.ida import schemas
from tests.registers import registers, tap

__all__ = ["registers", "tap"]
Hears = Callable[..., Any]


@pytest.fixture
def notary(app: flask.Flask) -> Portal:
    """Asks for consent; approved for all there is."""
    approved = sorted(set(SENSITIVE.values()))
    return reading_letters(app, "notary", scope=EVERYTHING, sensitive_claims=approved)


@pytest.fixture
def ming(wang: Person) -> Person:
    """Somebody whose name a register has confirmed."""
    return proven(wang)


def asking(claims: Any = None, **verification: Any) -> dict[str, Any]:
    """A request for verified claims: by default the name, and the framework it was verified in."""
    return {
        "verification": {"trust_framework": None, **verification},
        "claims": {"name": None} if claims is None else claims,
    }


@pytest.fixture
def hears(ming: Person, notary: Portal) -> Hears:
    """``hears(request)``: what the notary is told by userinfo; request and answer have the
    published form.
    """

    def heard(request: Any, person: Person = ming, portal: Portal = notary) -> Any:
        asked = {"userinfo": {"verified_claims": request}}
        schemas.check(asked, "verified_claims_request.json")
        tokens = portal.tokens_for(person, claims=orjson.dumps(asked).decode())
        assert "verified_claims" not in portal.reads(tokens["id_token"])
        told = portal.is_told(tokens["access_token"])
        schemas.check(told, "verified_claims.json")
        return told.get("verified_claims")

    return heard
