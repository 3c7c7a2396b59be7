"""A failure tells each of its readers what they need, and nobody else's words."""

import re
from typing import Any

import flask
import pytest

from idp.errors import IdpError, catalogue
from idp.web.errors import BadRequest, error_url

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_a_missing_page_says_what_to_do_in_chinese(client: Any) -> None:
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "您访问的页面不存在" in answer.text
    assert "error: HT-9002" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_the_way_back_from_nowhere_leads_somewhere(client: Any) -> None:
    assert 'href="/"' in client.get("/no/such/page").text
    home = client.get("/")
    assert (home.status_code, home.headers["Location"]) == (302, "/account/")


def test_the_same_page_speaks_english_when_asked(client: Any) -> None:
    answer = client.get("/no/such/page", headers={"Accept-Language": "en"})
    assert 'lang="en"' in answer.text
    switch = re.compile(r'<nav class="ht-languages".*?</nav>', re.S)
    assert not CHINESE.search(switch.sub("", answer.text))


def test_a_program_is_answered_in_json(client: Any) -> None:
    answer = client.get("/no/such/page", headers={"Accept": "application/json"})
    assert answer.json["error"] == "invalid_request"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert answer.json["error_description"].isascii()


def test_a_bug_shows_nothing_of_itself(client: Any) -> None:
    answer = client.get("/test/bug")
    assert answer.status_code == 500
    assert "a bug" not in answer.text
    assert "error: HT-9006" in answer.text


def test_a_bug_at_a_protocol_endpoint_is_a_server_error(client: Any) -> None:
    answer = client.get("/oauth/test-bug")
    assert (answer.status_code, answer.json["error"]) == (500, "server_error")


def test_an_engine_that_is_gone_gets_a_polite_page(client: Any) -> None:
    answer = client.get("/test/engine")
    assert answer.status_code == 503
    assert "HT-0001" in answer.text
    assert answer.headers["Retry-After"] == "5"


def test_a_wrong_method_names_the_right_ones(client: Any) -> None:
    answer = client.delete("/test/plain")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_body_too_large_is_refused(client: Any) -> None:
    answer = client.post("/test/form", data={"x": "y" * 300_000})
    assert answer.status_code == 413
    assert "HT-9004" in answer.text


def test_a_form_of_nobody_is_refused(client: Any) -> None:
    answer = client.post("/test/form", data={"x": "y"})
    assert answer.status_code == 400
    assert "HT-9005" in answer.text


def test_a_form_of_another_browser_is_refused(app: flask.Flask, client: Any) -> None:
    token = app.test_client().get("/test/form").text
    client.get("/test/form")
    assert client.post("/test/form", data={"csrf_token": token}).status_code == 400


def test_a_form_of_this_browser_is_taken(client: Any) -> None:
    token = client.get("/test/form").text
    assert client.post("/test/form", data={"csrf_token": token}).status_code == 200


def test_an_error_that_may_not_be_redirected_has_a_page_of_its_own(client: Any) -> None:
    moved = client.get("/test/elsewhere")
    assert moved.headers["Location"].startswith("/error/HT-9001?")
    page = client.get(moved.headers["Location"])
    assert page.status_code == 400
    assert "无法识别这次请求" in page.text
    assert moved.headers["X-Request-Id"] in page.text


def test_nobody_else_puts_words_on_an_error_page(client: Any) -> None:
    page = client.get("/error/HT-9001?about=eyJwIjp7fSwiciI6Ijxib2x0PiJ9.forged")
    assert page.status_code == 400
    assert "bolt" not in page.text


def test_an_error_we_do_not_have_is_not_found(client: Any) -> None:
    assert client.get("/error/HT-0000").status_code == 404


def test_every_error_can_be_shown(app: flask.Flask, client: Any) -> None:
    for error in catalogue():
        with app.test_request_context():
            url = error_url(BadRequest()).replace(BadRequest.code, error.code)
        page = client.get(url)
        assert page.status_code == error.status, error.code
        assert error.code in page.text, error.code


def _reader(error: type[IdpError]) -> str:
    return f"{error.code} {error.__name__}"


def test_every_error_has_words_for_its_three_readers() -> None:
    seen: dict[str, str] = {}
    for error in catalogue():
        assert seen.setdefault(error.code, _reader(error)) == _reader(error)
        assert re.fullmatch(r"HT-\d{4}", error.code), _reader(error)
        assert CHINESE.search(error.message), _reader(error)
        assert CHINESE.search(error.next_step), _reader(error)
        assert error.oauth_error.isascii(), _reader(error)
        assert error.__doc__, _reader(error)
        assert error.status >= 400, _reader(error)


@pytest.mark.parametrize("referrer", ["https://evil.test/x", "http://localhost//evil.test"])
def test_the_way_back_never_leads_elsewhere(client: Any, referrer: str) -> None:
    page = client.get("/no/such/page", headers={"Referer": referrer})
    assert "//evil.test" not in page.text
