"""Chinese first; English for whoever asks for it."""

from typing import Any

import flask
import pytest

from idp.web import i18n


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "zh-CN"),
        ("", "zh-HK,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr,de;q=0.5", "zh-CN"),
        ("ui_locales=en", "zh-CN", "en"),
        ("ui_locales=fr+en+zh", "zh-CN", "en"),
        ("ui_locales=%3Cscript%3E", "en", "en"),
    ],
)
def test_the_page_speaks_what_was_asked(
    app: flask.Flask, query: str, header: str, language: str
) -> None:
    headers = {"Accept-Language": header} if header else {}
    with app.test_request_context(f"/?{query}", headers=headers):
        assert i18n.locale() == language


def test_a_stored_wish_is_followed(app: flask.Flask) -> None:
    with app.test_request_context("/"):
        i18n.prefer("fr en")
        assert i18n.locale() == "en"
        i18n.prefer("fr")
        assert i18n.locale() == "en"


def test_a_choice_is_remembered(app: flask.Flask, client: Any) -> None:
    @app.get("/test/choose")
    def choose() -> str:
        i18n.remember("en")
        return "chosen"

    client.get("/test/choose")
    assert 'lang="en"' in client.get("/nowhere").text
