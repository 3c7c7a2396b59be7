"""One line a request, with what an operator needs and nothing a person is known by."""

import json
import logging
from typing import Any

import httpx
import pytest

from tests import secrets_in_logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[:1] == "{"]


def test_a_request_is_one_line_without_its_address(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/test/anything/route?code=sEcReT&login_hint=13800000000")
    (line,) = [line for line in lines(capsys) if line["event"] == "request"]
    assert line["route"] == "/test/<word>/route"
    assert line["status"] == 200
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "sEcReT" not in json.dumps(line)
    assert "anything" not in json.dumps(line)


def test_a_bug_is_logged_with_its_cause(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answer = client.get("/test/bug")
    (line,) = [line for line in lines(capsys) if line["event"] == "bug"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert "RuntimeError" in line["exception"]


def test_libraries_log_the_same_way(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("some.library").warning("something %s", "happened")
    (line,) = lines(capsys)
    assert (line["logger"], line["event"]) == ("some.library", "something happened")


def test_libraries_that_talk_too_much_are_hushed(client: Any) -> None:
    """Authlib prints tokens at DEBUG, httpx URLs at INFO (ARCHITECTURE, trap 2)."""
    assert not logging.getLogger("authlib.oauth2").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert httpx.__name__ == "httpx"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sent to 13800000000", "a phone number"),
        ('"+8613800000000"', "a phone number"),
        ("id 11010519491231002X ok", "an ID number"),
        ("token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.abc", "a JWT"),
        ("GET /cb?code=abc", "a query string"),
        ("at 1700000000000 ms, id 0190a13800000000bc", ""),
    ],
)
def test_the_guard_of_the_logs_knows_secrets(text: str, kind: str) -> None:
    assert secrets_in_logs.find(text) == kind


def test_the_guard_learns_what_a_test_has_seen() -> None:
    assert secrets_in_logs.find("code 482913 sent") == ""
    secrets_in_logs.remember("482913")
    assert secrets_in_logs.find("code 482913 sent")
