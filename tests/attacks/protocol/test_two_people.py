"""Attacks by whoever shares a browser, and by odd registrations and requests."""

from collections.abc import Callable

import flask
import pytest

from idp import standing
from tests.oidc.actors import Person, Portal


def test_one_persons_yes_is_not_anothers(
    wang: Person, people: Callable[..., Person], shebao: Portal
) -> None:
    """prompt=consent: the first agrees and stops there, the second comes back to that tab."""
    li = people("lili", "+8613800000002")
    shebao.tokens_for(li)
    wang.opens(shebao.url(prompt="consent")).signs_in()
    wang.presses("consent-allow", follow=False)
    resume = wang.page.headers["Location"]

    li.browser = wang.browser
    li.opens("/login/?switch=1").opens(li.page.request.full_path + "&switch=1").signs_in()
    li.opens(resume)

    assert li.page.request.path == "/consent/"


def test_a_subject_asked_for_counts_beside_a_hint(wang: Person, shebao: Portal) -> None:
    hint = shebao.tokens_for(wang)["id_token"]
    claims = '{"id_token":{"sub":{"value":"somebody-else"}}}'

    wang.opens(shebao.url(prompt="none", id_token_hint=hint, claims=claims))

    assert "code" not in wang.arrived


@pytest.mark.parametrize("value", ["7", '["a","b"]', "null"])
def test_a_subject_that_is_no_text_is_not_ignored(wang: Person, shebao: Portal, value: str) -> None:
    shebao.tokens_for(wang)
    claims = f'{{"id_token":{{"sub":{{"value":{value}}}}}}}'

    wang.opens(shebao.url(prompt="none", claims=claims))

    assert wang.arrived["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["home_uri", "initiate_login_uri", "policy_uri", "tos_uri"])
def test_a_link_we_show_is_a_web_address(app: flask.Flask, name: str) -> None:
    given = {"name": "x", "redirect_uris": ["https://x.test/cb"], name: "javascript:alert(1)"}
    with app.app_context(), pytest.raises(standing.InvalidRegistration):
        standing.create_client("x", given)


def test_a_registered_address_with_a_semicolon_gets_its_form(
    wang: Person, register: Callable[..., Portal]
) -> None:
    portal = register("odd", redirect_uris=["https://odd.test/cb;v=1,2"])

    wang.opens(portal.url(response_mode="form_post")).signs_in().presses("consent-allow")

    assert wang.page.status_code == 200
    assert "https://odd.test/cb;v=1,2" in wang.page.text
