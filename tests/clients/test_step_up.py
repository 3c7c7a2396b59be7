"""What a resource server answers when a level is not enough (RFC 9470)."""

import time

import flask
import pytest

from clients.step_up import challenge
from tests.oidc.actors import registered, with_account


@pytest.mark.parametrize(
    ("has", "wants", "enough"),
    [
        ("ial1.aal1", "ial1.aal1", True),
        ("ial3.aal2", "ial2.aal1", True),
        ("ial3.aal1", "ial2.aal2", False),
        ("ial1.aal3", "ial2.aal1", False),
        ("", "ial1.aal1", False),
        ("ial9.aal9", "ial1.aal1", False),
    ],
)
def test_both_scales_must_be_met(has: str, wants: str, enough: bool) -> None:
    said = challenge({"acr": has, "auth_time": time.time()}, wants)
    assert (said == "") is enough
    if not enough:
        assert said.startswith('Bearer error="insufficient_user_authentication"')
        assert f'acr_values="{wants}"' in said


def test_a_proof_that_is_too_old_is_asked_for_again() -> None:
    token = {"acr": "ial1.aal1", "auth_time": time.time() - 700}
    assert challenge(token, "ial1.aal1", max_age=900) == ""
    said = challenge(token, "ial1.aal1", max_age=600)
    assert 'max_age="600"' in said
    assert "acr_values" not in said


def test_a_level_that_is_none_is_the_programmer_s_mistake() -> None:
    with pytest.raises(ValueError, match="not a level"):
        challenge({}, "high")


def test_introspection_says_what_it_needs(app: flask.Flask) -> None:
    portal = registered(app, "api", legal_basis="statutory", statute="《办法》")
    wang = with_account(app, "wangxm", "+8613800000001")
    token = portal.tokens_for(wang)["access_token"]
    found = portal.calls("/oauth/introspect", token=token).json
    assert challenge(found, "ial1.aal1", max_age=600) == ""
    assert 'acr_values="ial2.aal1"' in challenge(found, "ial2.aal1")
