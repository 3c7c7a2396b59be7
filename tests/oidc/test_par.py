"""Pushed authorization requests (RFC 9126): what was pushed counts, once, for who pushed it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode

import flask
import pytest
from redis.connection import AbstractConnection

from idp import standing
from idp.oidc.http import MAX_KEPT
from idp.store.engines import redis
from tests.oidc.actors import Person, Portal, registered
from tests.oidc.test_two_ways import cookie

PATH = "/oauth/par"
URN = "urn:ietf:params:oauth:request_uri:"


def pushes(portal: Portal, **changes: Any) -> Any:
    return portal.calls(PATH, **portal.asks(**changes))


def url_of(portal: Portal, uri: str, **more: str) -> str:
    query = {"client_id": portal.client_id, "request_uri": uri, **more}
    return "/oauth/authorize?" + urlencode(query)


def pushed_url(portal: Portal, **changes: Any) -> str:
    answer = pushes(portal, **changes)
    assert answer.status_code == 201, answer.json
    return url_of(portal, answer.json["request_uri"])


@pytest.fixture
def signed_in(wang: Person, shebao: Portal) -> Person:
    """Somebody whose next request is answered without a page."""
    shebao.tokens_for(wang)
    return wang


class TestPushing:
    def test_is_answered_by_a_name_for_a_minute(self, shebao: Portal) -> None:
        answer = pushes(shebao)

        assert answer.status_code == 201
        assert answer.json["request_uri"].startswith(URN)
        assert len(answer.json["request_uri"]) > len(URN) + 40
        assert answer.json["expires_in"] == 60
        assert answer.headers["Cache-Control"] == "no-store"

    def test_metadata_name_it(self, shebao: Portal) -> None:
        found = shebao.http.get("/.well-known/openid-configuration").json
        assert found["pushed_authorization_request_endpoint"] == f"http://localhost:8000{PATH}"
        assert found["require_pushed_authorization_requests"] is False

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"request_uri": f"{URN}x"}, "invalid_request"),
            ({"redirect_uri": "https://evil.test/"}, "invalid_request"),
            ({"redirect_uri": None}, "invalid_request"),
            ({"client_id": "gjj"}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": None}, "invalid_request"),
            ({"scope": "nothing"}, "invalid_request"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"max_age": "-1"}, "invalid_request"),
            ({"claims": "{"}, "invalid_request"),
            ({"request": "eyJ"}, "invalid_request_object"),
        ],
    )
    def test_what_is_wrong_with_it_is_told_to_the_portal_alone(
        self, shebao: Portal, wrong: dict[str, Any], error: str
    ) -> None:
        answer = pushes(shebao, **wrong)

        assert (answer.status_code, answer.json["error"]) == (400, error)
        assert "Location" not in answer.headers

    def test_who_cannot_prove_who_they_are_pushes_nothing(self, shebao: Portal) -> None:
        asked = shebao.asks()
        wrong = shebao.http.post(PATH, data=asked, auth=(shebao.client_id, "guess"))
        none = shebao.http.post(PATH, data=asked)
        unknown = shebao.http.post(PATH, data=asked, auth=("nobody", "x"))

        for answer in (wrong, unknown):
            assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert none.json["error"] == "invalid_client"

    def test_a_page_without_a_server_pushes_by_its_name(
        self, app: flask.Flask, wang: Person
    ) -> None:
        page = registered(app, "spa", token_endpoint_auth_method="none")
        answer = page.http.post(PATH, data=page.asks())
        assert answer.status_code == 201
        wang.opens(url_of(page, answer.json["request_uri"]))
        assert wang.page.request.path == "/login/"

    def test_parameters_stand_in_the_body_once(self, shebao: Portal) -> None:
        auth = (shebao.client_id, shebao.secret)
        asked = urlencode(shebao.asks())
        form = "application/x-www-form-urlencoded"
        for url, body in ((f"{PATH}?x=1", asked), (PATH, f"{asked}&state=2")):
            answer = shebao.http.post(url, data=body, content_type=form, auth=auth)
            assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
        assert shebao.http.get(PATH).status_code == 405

    def test_one_too_large_is_not_kept(self, shebao: Portal) -> None:
        answer = pushes(shebao, claims="x" * MAX_KEPT)
        assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")

    def test_what_is_kept_lies_sealed_without_the_secret(
        self, app: flask.Flask, shebao: Portal
    ) -> None:
        form = shebao.asks(login_hint="13800001234") | {"client_secret": shebao.secret}
        registered(app, "post", token_endpoint_auth_method="client_secret_post")
        pushes(shebao, login_hint="13800001234")
        with app.app_context():
            kept = [redis.get(name) or b"" for name in redis.scan_iter("e:pushed-request:*")]
        assert len(kept) == 1
        for secret in (b"13800001234", form["client_secret"].encode()):
            assert secret not in kept[0]


class TestUsing:
    def test_leads_through_sign_in_and_consent_to_the_tokens(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(pushed_url(shebao, scope="openid phone")).signs_in()
        wang.presses("consent-allow")
        answer = shebao.redeems(wang.arrived["code"])

        assert answer.status_code == 200
        assert wang.arrived["state"] == "s-1"
        assert shebao.reads(answer.json["id_token"])["nonce"] == "n-1"

    @pytest.mark.parametrize("mode", [None, "form_post"])
    def test_is_answered_at_once_where_nobody_has_to_be_asked(
        self, signed_in: Person, shebao: Portal, mode: str | None
    ) -> None:
        signed_in.opens(pushed_url(shebao, response_mode=mode), follow=False)
        if mode is None:
            assert "code" in signed_in.arrived
        else:
            assert 'name="code"' in signed_in.page.text

    def test_what_stands_beside_it_counts_for_nothing(
        self, signed_in: Person, shebao: Portal
    ) -> None:
        url = pushed_url(shebao, state="mine")
        more = {"state": "forged", "redirect_uri": "https://evil.test/", "prompt": "login"}
        signed_in.opens(f"{url}&{urlencode(more)}", follow=False)

        assert signed_in.arrived["state"] == "mine"
        assert "evil" not in signed_in.page.headers["Location"]

    def test_may_be_posted_too(self, signed_in: Person, shebao: Portal) -> None:
        uri = pushes(shebao).json["request_uri"]
        form = {"client_id": shebao.client_id, "request_uri": uri}
        signed_in.page = signed_in.browser.post("/oauth/authorize", data=form)
        while signed_in._leads_on():
            signed_in.page = signed_in.browser.get(signed_in._target())
        assert "code" in signed_in.arrived

    def test_is_good_once(self, signed_in: Person, shebao: Portal) -> None:
        url = pushed_url(shebao)
        signed_in.opens(url, follow=False)
        signed_in.opens(url)

        assert signed_in.page.status_code == 410
        assert "Location" not in signed_in.page.headers

    def test_of_many_at_once_one_has_an_answer(
        self, app: flask.Flask, signed_in: Person, shebao: Portal
    ) -> None:
        url, session = pushed_url(shebao), cookie(signed_in)["HTTP_COOKIE"]

        def opens(_: int) -> str:
            browser = app.test_client(use_cookies=False)
            return str(browser.get(url, headers={"Cookie": session}).headers["Location"])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(opens, range(8)))
        assert sum("code=" in each for each in answers) == 1
        assert sum(each.startswith("/error/") for each in answers) == 7

    def test_may_be_opened_again_before_it_is_answered(self, wang: Person, shebao: Portal) -> None:
        url = pushed_url(shebao)
        wang.opens(url)
        wang.opens(url).signs_in().presses("consent-allow")
        assert "code" in wang.arrived

    def test_of_two_tabs_one_has_an_answer(self, wang: Person, shebao: Portal) -> None:
        url = pushed_url(shebao)
        first = wang.opens(url).page
        wang.opens(url).signs_in().presses("consent-allow")
        assert "code" in wang.arrived

        wang.page = first
        wang.opens(
            f"/oauth/authorize?resume={parse_qs(first.request.query_string.decode())['i'][0]}"
        )
        assert wang.page.status_code == 410

    def test_is_answered_however_long_the_person_took(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(pushed_url(shebao))
        with app.app_context():
            for name in redis.scan_iter("e:pushed-request:*"):
                assert 0 < redis.pttl(name) <= 60_000
                redis.delete(name)
        wang.signs_in().presses("consent-allow")
        assert "code" in wang.arrived

    def test_another_portal_s_is_refused_and_left_alone(
        self, app: flask.Flask, signed_in: Person, shebao: Portal
    ) -> None:
        uri = pushes(shebao).json["request_uri"]
        signed_in.opens(url_of(registered(app, "thief"), uri))
        assert signed_in.page.status_code == 410
        signed_in.opens(url_of(shebao, uri), follow=False)
        assert "code" in signed_in.arrived

    @pytest.mark.parametrize("handle", ["", "x", "x" * 3000, "../", "%00"])
    def test_a_guess_is_a_page_of_ours(self, wang: Person, shebao: Portal, handle: str) -> None:
        wang.opens(url_of(shebao, URN + handle))
        assert wang.page.status_code == 410

    def test_without_its_portal_s_name_it_is_refused(
        self, signed_in: Person, shebao: Portal
    ) -> None:
        uri = pushes(shebao).json["request_uri"]
        signed_in.opens(f"/oauth/authorize?{urlencode({'request_uri': uri})}")
        assert signed_in.page.status_code == 410

    def test_an_address_of_a_request_elsewhere_is_not_followed(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url(request_uri="https://shebao.test/request.jwt"), follow=False)
        assert wang.arrived["error"] == "request_uri_not_supported"

    def test_a_registration_that_changed_meanwhile_counts(
        self, app: flask.Flask, signed_in: Person, shebao: Portal
    ) -> None:
        url = pushed_url(shebao)
        with app.app_context():
            standing.change_client(shebao.client_id, {"redirect_uris": ["https://other.test/"]})
        signed_in.opens(url)
        assert signed_in.page.status_code == 400


class TestWhereItIsRequired:
    @pytest.fixture
    def strict(self, app: flask.Flask) -> Portal:
        return registered(app, "strict", require_pushed_authorization_requests=True)

    def test_a_plain_request_is_refused(self, wang: Person, strict: Portal) -> None:
        wang.opens(strict.url(), follow=False)
        assert wang.arrived["error"] == "invalid_request"

    def test_a_pushed_one_leads_through_every_page(self, wang: Person, strict: Portal) -> None:
        wang.opens(pushed_url(strict)).signs_in().presses("consent-allow")
        assert strict.redeems(wang.arrived["code"]).status_code == 200
        wang.opens(pushed_url(strict), follow=False)
        assert "code" in wang.arrived


def test_costs_two_questions_more_than_a_plain_request(
    app: flask.Flask,
    signed_in: Person,
    shebao: Portal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = [0]
    send = AbstractConnection.send_packed_command

    def counts(self: Any, command: Any, check_health: bool = True) -> Any:
        sent[0] += 1
        return send(self, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counts)

    def cost(act: Callable[[], Any]) -> int:
        sent[0] = 0
        act()
        return sent[0]

    plain = cost(lambda: signed_in.opens(shebao.url(), follow=False))
    assert cost(lambda: pushes(shebao)) == 2  # the epoch, and the request
    url = pushed_url(shebao)
    assert (
        cost(lambda: signed_in.opens(url, follow=False)) == plain + 2
    )  # to read it, and to use it up
