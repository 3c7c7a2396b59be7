"""The authorization endpoint (protocol.md §3.1; RFC 6749 §4.1; OIDC Core §3.1.2)."""

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import flask
import pytest
import time_machine

from idp import staff, standing, stops
from tests.oidc.actors import Person, Portal, proven

HOSTILE_URIS = (
    "https://shebao.test/callback/",
    "https://shebao.test/callback/../callback",
    "https://shebao.test/callback/..;/evil",
    "https://shebao.test/callback?x=1",
    "https://shebao.test/callback#x",
    "https://shebao.test/callback%2F..",
    "https://shebao.test@evil.test/callback",
    "https://evil.test\\@shebao.test/callback",
    "https://shebao.test.evil.test/callback",
    "https://SHEBAO.test/callback",
    "https://shebao.test:443/callback",
    "http://shebao.test/callback",
    "//shebao.test/callback",
    "javascript:alert(1)",
    "https://shebaoXtest/callback",
    "",
)


def test_somebody_signed_in_elsewhere_reaches_the_second_portal_without_a_page(
    wang: Person, shebao: Portal, gjj: Portal
) -> None:
    shebao.tokens_for(wang)

    wang.opens(gjj.url(), follow=False)

    assert wang.page.status_code == 303
    assert set(wang.arrived) == {"code", "state", "iss"}


def test_the_answer_carries_the_state_byte_for_byte_and_the_issuer(
    wang: Person, gjj: Portal
) -> None:
    state = "~!*()'-._ +&=%/?#" + "x" * 128
    wang.opens(gjj.url(state=state)).signs_in()

    assert wang.arrived["state"] == state
    assert wang.arrived["iss"] == "http://localhost:8000"


@pytest.mark.parametrize("uri", HOSTILE_URIS)
@pytest.mark.parametrize("mode", ["query", "form_post", "form_post.jwt"])
def test_an_unregistered_redirect_uri_is_answered_by_a_page_of_our_own(
    wang: Person, shebao: Portal, uri: str, mode: str
) -> None:
    wang.opens(shebao.url(redirect_uri=uri or None, response_mode=mode))

    assert wang.page.status_code == 400
    assert wang.page.request.path == "/error/HT-1002"
    assert "error: HT-1002" in wang.page.text
    assert "evil" not in wang.page.text


@pytest.mark.parametrize("client_id", ["nobody", "", "shebao\x00", "社保"])
def test_an_unknown_client_is_answered_by_a_page_of_our_own(
    wang: Person, shebao: Portal, client_id: str
) -> None:
    wang.opens(shebao.url(client_id=client_id))

    assert wang.page.status_code == 400
    assert wang.page.request.path == "/error/HT-1001"


def test_a_registered_query_is_kept(wang: Person, register: Callable[..., Portal]) -> None:
    uri = "https://q.test/callback?dummy1=lorem&dummy2=ipsum"
    portal = register("q", redirect_uris=[uri])

    wang.opens(portal.url(prompt="none"), follow=False)

    assert wang.page.headers["Location"].startswith(uri + "&")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "统一"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "nothing-we-know"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"display": "hologram"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": {"name": 7}}'}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://shebao.test/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
        ({"nonce": "x" * 3000}, "invalid_request"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_at_the_portal(
    wang: Person, shebao: Portal, change: dict, error: str
) -> None:
    wang.opens(shebao.url(**change), follow=False)

    assert wang.arrived["error"] == error
    assert wang.arrived["iss"] == "http://localhost:8000"
    assert wang.arrived["state"] == "s-1"
    assert set(wang.arrived) <= {"error", "error_description", "state", "iss"}
    assert wang.arrived.get("error_description", "").isascii()


def test_a_request_object_cannot_bring_another_redirect_uri(wang: Person, shebao: Portal) -> None:
    wang.opens(shebao.url(redirect_uri="https://evil.test/", request="eyJhbGciOiJub25lIn0.e30."))

    assert wang.page.status_code == 400
    assert wang.page.request.path == "/error/HT-1002"


def test_a_repeated_parameter_is_refused(wang: Person, shebao: Portal) -> None:
    wang.opens(shebao.url() + "&scope=openid", follow=False)
    assert wang.arrived["error"] == "invalid_request"

    wang.opens(shebao.url() + "&redirect_uri=https%3A%2F%2Fevil.test%2F")
    assert wang.page.status_code == 400


def test_unknown_parameters_scopes_and_hints_do_no_harm(wang: Person, gjj: Portal) -> None:
    extra = {
        "extra": "1",
        "login_hint": "buffy@localhost",
        "ui_locales": "se",
        "claims_locales": "se",
        "display": "popup",
        "acr_values": "1 2 urn:somewhere",
    }
    wang.opens(gjj.url(scope="phone openid unheard-of", **extra)).signs_in()

    assert gjj.redeems(wang.arrived["code"]).json["scope"] == "phone openid"


def test_a_post_is_kept_and_answered_by_a_get_that_brings_the_session(
    wang: Person, gjj: Portal
) -> None:
    gjj.tokens_for(wang)
    stranger = wang.app.test_client()  # a cross-site POST brings no cookies

    posted = stranger.post("/oauth/authorize", data=gjj.asks())

    assert posted.status_code == 303
    assert urlsplit(posted.headers["Location"]).path == "/oauth/authorize"
    assert "nonce" not in posted.headers["Location"]
    wang.opens(posted.headers["Location"], follow=False)
    assert "code" in wang.arrived


def test_a_post_of_an_unknown_client_keeps_nothing(wang: Person, shebao: Portal) -> None:
    posted = wang.browser.post("/oauth/authorize", data=shebao.asks(client_id="nobody"))

    assert posted.headers["Location"].startswith("/error/HT-1001")


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/logout"])
def test_a_huge_post_keeps_nothing(wang: Person, shebao: Portal, path: str) -> None:
    redis = wang.app.extensions["redis"]
    before = redis.dbsize()

    posted = wang.browser.post(path, data=shebao.asks(claims="x" * 20_000))

    assert posted.headers["Location"].startswith("/error/HT-1003")
    assert redis.dbsize() <= before + 1  # the epoch may be noted


def test_two_tabs_may_open_a_connection_at_once(
    app: flask.Flask, people: Callable[..., Person], gjj: Portal
) -> None:
    wang = people("twotabs", "+8613800000002")
    wang.opens("/login/").signs_in()
    cookies = {c.key: c.value for c in wang.browser._cookies.values()}
    tabs = [app.test_client() for _ in range(8)]
    for tab in tabs:
        for name, value in cookies.items():
            tab.set_cookie(name, value)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda tab=tab: answers.append(tab.get(gjj.url()).status_code))
        for tab in tabs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) == {303}


def test_form_post_answers_with_a_form_that_posts_itself(wang: Person, gjj: Portal) -> None:
    wang.opens(gjj.url(response_mode="form_post")).signs_in()

    assert wang.page.status_code == 200
    assert 'action="https://gjj.test/callback"' in wang.page.text
    assert 'name="code"' in wang.page.text
    assert 'name="iss"' in wang.page.text
    policy = wang.page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://gjj.test;" in policy


def test_the_sign_in_page_may_lead_to_the_verified_portal_only(
    wang: Person, shebao: Portal
) -> None:
    wang.opens(shebao.url())

    policy = wang.page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shebao.test;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe" not in policy


class TestPrompt:
    def test_none_without_a_session_wants_a_sign_in(self, wang: Person, shebao: Portal) -> None:
        wang.opens(shebao.url(prompt="none"), follow=False)

        assert wang.arrived["error"] == "login_required"

    def test_none_before_consent_wants_consent(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        gjj.tokens_for(wang)

        wang.opens(shebao.url(prompt="none"), follow=False)

        assert wang.arrived["error"] == "consent_required"

    def test_none_after_consent_is_silent_with_and_without_a_hint(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.tokens_for(wang)
        before = shebao.reads(first["id_token"])

        wang.opens(shebao.url(prompt="none", id_token_hint=first["id_token"]), follow=False)
        after = shebao.reads(shebao.redeems(wang.arrived["code"]).json["id_token"])

        assert (after["sub"], after["auth_time"]) == (before["sub"], before["auth_time"])

    def test_login_always_shows_a_page_and_moves_auth_time(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.reads(shebao.tokens_for(wang)["id_token"])
        with time_machine.travel(time.time() + 3, tick=True):
            wang.opens(shebao.url(prompt="login"))
            assert wang.page.request.path == "/login/"
            wang.signs_in()
            second = shebao.reads(shebao.redeems(wang.arrived["code"]).json["id_token"])

        assert second["auth_time"] > first["auth_time"]
        assert second["sub"] == first["sub"]

    def test_login_cannot_be_skipped_by_going_back_to_the_return_address(
        self, wang: Person, shebao: Portal
    ) -> None:
        shebao.tokens_for(wang)
        wang.opens(shebao.url(prompt="login"), follow=False)
        login = wang.page.headers["Location"]
        handle = login.split("i=")[1].split("&")[0]

        wang.opens(f"/oauth/authorize?resume={handle}")

        assert wang.page.request.path == "/login/"

    def test_consent_asks_again(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)

        wang.opens(shebao.url(prompt="consent"))
        assert wang.page.request.path == "/consent/"
        wang.presses("consent-allow")

        assert "code" in wang.arrived


class TestAge:
    def test_max_age_has_somebody_sign_in_again_once_it_is_over(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.reads(shebao.tokens_for(wang, max_age="1")["id_token"])
        assert "auth_time" in first
        with time_machine.travel(time.time() + 5, tick=True):
            wang.opens(shebao.url(max_age="1"))
            assert wang.page.request.path == "/login/"
            wang.signs_in()
            again = shebao.reads(shebao.redeems(wang.arrived["code"]).json["id_token"])

        assert again["auth_time"] > first["auth_time"]

    def test_a_generous_max_age_is_silent(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)

        wang.opens(shebao.url(max_age="10000"), follow=False)

        assert "code" in wang.arrived


class TestHint:
    def test_another_persons_hint_asks_for_that_person(
        self, wang: Person, people: Callable[..., Person], shebao: Portal
    ) -> None:
        theirs = shebao.tokens_for(people("lisi"))["id_token"]
        shebao.tokens_for(wang)

        wang.opens(shebao.url(prompt="none", id_token_hint=theirs), follow=False)
        assert wang.arrived["error"] == "login_required"
        wang.opens(shebao.url(id_token_hint=theirs))
        assert wang.page.request.path == "/login/"
        wang.signs_in()

        assert wang.arrived["error"] == "login_required"

    def test_a_hint_for_another_client_is_refused(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        theirs = gjj.tokens_for(wang)["id_token"]

        wang.opens(shebao.url(id_token_hint=theirs), follow=False)

        assert wang.arrived["error"] == "invalid_request"

    def test_a_subject_named_in_the_claims_parameter_binds_too(
        self, wang: Person, shebao: Portal
    ) -> None:
        shebao.tokens_for(wang)
        claims = '{"id_token": {"sub": {"value": "somebody-else"}}}'

        wang.opens(shebao.url(prompt="none", claims=claims), follow=False)

        assert wang.arrived["error"] == "login_required"


class TestConsent:
    def test_a_consent_client_can_never_skip_the_page(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        gjj.tokens_for(wang)

        wang.opens(shebao.url(scope="openid"))

        assert wang.page.request.path == "/consent/"
        handle = wang.page.request.args["i"]
        for way_round in (
            shebao.url(scope="openid", prompt="login") + "&consented=true",
            f"/oauth/authorize?resume={handle}",
            shebao.url(scope="openid", resume=handle),
        ):
            wang.opens(way_round, follow=False)
            assert "code" not in wang.arrived

    def test_refusing_tells_the_portal_and_gives_nothing(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-deny")

        assert wang.arrived["error"] == "access_denied"
        assert wang.arrived["state"] == "s-1"
        assert wang.arrived["iss"]

    def test_consent_is_remembered_per_claim(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang, scope="openid phone")

        wang.opens(shebao.url(scope="openid phone"), follow=False)
        assert "code" in wang.arrived
        wang.opens(shebao.url(scope="openid phone email"))
        assert wang.page.request.path == "/consent/"

    def test_the_page_masks_what_it_shows(self, wang: Person, shebao: Portal) -> None:
        wang.opens(shebao.url(scope="openid phone")).signs_in()

        assert "138****0001" in wang.page.text
        assert "13800000001" not in wang.page.text

    def test_another_browser_cannot_answer_for_somebody(
        self, wang: Person, people: Callable[..., Person], shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in()
        url = wang.page.request.full_path
        li = people("lisi")

        li.opens(url)

        assert li.page.status_code == 403

    def test_a_statutory_client_is_told_no_more_than_its_registration_lists(
        self, wang: Person, gjj: Portal
    ) -> None:
        tokens = gjj.tokens_for(wang, scope="openid profile phone email")

        told = gjj.userinfo(tokens["access_token"]).json

        assert set(told) == {"sub", "phone_number", "phone_number_verified"}


class TestLevels:
    def test_a_voluntary_level_may_be_declined_and_the_true_one_is_told(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url(acr_values="ial1.aal2")).signs_in()
        assert wang.page.request.path == "/login/"
        wang.presses("step-up-decline")
        if wang.page.request.path == "/consent/":
            wang.presses("consent-allow")

        told = shebao.reads(shebao.redeems(wang.arrived["code"]).json["id_token"])

        assert told["acr"] == "ial1.aal1"

    def test_an_unreachable_voluntary_level_shows_no_page(self, wang: Person, gjj: Portal) -> None:
        tokens = gjj.tokens_for(wang, acr_values="ial3.aal1")

        assert gjj.reads(tokens["id_token"])["acr"] == "ial1.aal1"

    def test_an_essential_level_that_cannot_be_reached_is_refused(
        self, wang: Person, gjj: Portal
    ) -> None:
        claims = '{"id_token": {"acr": {"essential": true, "values": ["ial3.aal1"]}}}'

        wang.opens(gjj.url(claims=claims)).signs_in()

        assert wang.arrived["error"] == "unmet_authentication_requirements"

    def test_a_voluntary_level_never_stops_a_silent_renewal(
        self, wang: Person, gjj: Portal
    ) -> None:
        gjj.tokens_for(wang)

        wang.opens(gjj.url(acr_values="ial1.aal2", prompt="none"), follow=False)

        told = gjj.reads(gjj.redeems(wang.arrived["code"]).json["id_token"])
        assert told["acr"] == "ial1.aal1"

    def test_a_binding_level_does(
        self, wang: Person, gjj: Portal, register: Callable[..., Portal]
    ) -> None:
        strict = register("strict", minimum_acr="ial1.aal2")
        gjj.tokens_for(wang)

        wang.opens(strict.url(prompt="none"), follow=False)

        assert wang.arrived["error"] == "interaction_required"

    def test_of_essential_levels_one_is_enough_on_whichever_scale_it_is_the_higher(
        self, wang: Person, gjj: Portal
    ) -> None:
        proven(wang)
        claims = '{"id_token": {"acr": {"essential": true, "values": ["ial1.aal2", "ial2.aal1"]}}}'

        tokens = gjj.tokens_for(wang, claims=claims)

        assert gjj.reads(tokens["id_token"])["acr"] == "ial2.aal1"

    def test_the_registered_minimum_binds(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        strict = register("strict", minimum_acr="ial1.aal2")

        wang.opens(strict.url()).signs_in()
        wang.presses("step-up-decline")

        assert wang.arrived["error"] == "unmet_authentication_requirements"


class TestStopping:
    def test_a_stopped_client_is_unknown_at_once(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)
        with wang.app.app_context():
            standing.stop_client("shebao", "test")

        wang.opens(shebao.url())

        assert wang.page.request.path == "/error/HT-1001"

    def test_a_stopped_account_is_signed_out_at_once(self, wang: Person, gjj: Portal) -> None:
        gjj.tokens_for(wang)
        with wang.app.app_context():
            stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "test"))

        wang.opens(gjj.url(prompt="none"), follow=False)

        assert wang.arrived["error"] == "login_required"


def test_two_tabs_finish_one_after_the_other(wang: Person, shebao: Portal, gjj: Portal) -> None:
    wang.opens(shebao.url())
    first_tab = wang.page.request.full_path
    wang.opens(gjj.url()).signs_in()
    assert "code" in wang.arrived

    wang.opens(first_tab)
    wang.follows("continue").presses("consent-allow")

    assert "code" in wang.arrived


def test_the_back_button_after_signing_in_leads_on(wang: Person, gjj: Portal) -> None:
    wang.opens(gjj.url())
    login = wang.page.request.full_path
    wang.signs_in()

    wang.opens(login)

    assert wang.page.status_code == 200
    assert "https://gjj.test/" in wang.page.text
