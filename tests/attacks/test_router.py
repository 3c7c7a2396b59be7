"""The router's own redirects stay with us, and so does the way back of an error page."""

from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/login", "/signup", "/account", "/login//", "/consent"])
def test_a_redirect_of_the_router_follows_no_host(client: Any, path: str) -> None:
    answer = client.get(path, base_url="http://evil.test")

    assert "evil.test" not in answer.headers.get("Location", "")


def test_a_backslash_is_no_way_back(client: Any) -> None:
    shown = client.get("/nowhere", headers={"Referer": "http://localhost/\\evil.test/"}).text

    assert 'href="/\\' not in shown
