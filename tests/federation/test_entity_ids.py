"""What an entity identifier may look like, and where it publishes its configuration."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.federation import entity_ids
from idp.federation.errors import InvalidIdentifier
from idp.federation.rules import Rules

LOOPBACK = Rules(allow_loopback=True)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example",
        "https://a.example/",
        "https://a.example:8443/path/deeper/",
        "https://A.Example/Path",
        "https://[2001:db8::1]/x",
        "https://192.0.2.1",
    ],
)
def test_an_https_url_is_an_identifier_as_it_stands(text):
    assert entity_ids.parse(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://a.example", "scheme"),
        ("http://127.0.0.1:8000", "scheme"),
        ("HTTPS://a.example", "scheme"),
        ("urn:a.example", "scheme"),
        ("a.example", "scheme"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("https://a..example", "host"),
        ("https://a.example.", "host"),
        ("https://2130706433", "host"),
        ("https://0x7f.1", "host"),
        ("https://[::1", "host"),
        ("https://a.example:0", "port"),
        ("https://a.example:70000", "port"),
        ("https://a.example:", "host"),
        ("https://a.example?x=1", "query"),
        ("https://a.example/p?", "query"),
        ("https://a.example/#", "fragment"),
        ("https://a.example#x", "fragment"),
        ("https://me@a.example", "userinfo"),
        ("https://me:pw@a.example/", "userinfo"),
        ("https://a.example/a b", "characters"),
        ("https://a.example\\@b.example", "characters"),
        ("https://a.example/\n", "characters"),
        ("https://例子.example", "characters"),
        ("https://a.example/" + "p" * 2048, "characters"),
        (None, "characters"),
        (["https://a.example"], "characters"),
    ],
)
def test_anything_else_is_refused(text, reason):
    with pytest.raises(InvalidIdentifier) as failure:
        entity_ids.parse(text)
    assert failure.value.reason == reason


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:8000", "http://localhost/a", "http://b.localhost:1", "http://[::1]:9"],
)
def test_plain_http_is_for_loopback_names_where_it_is_allowed(text):
    assert entity_ids.parse(text, LOOPBACK) == text
    with pytest.raises(InvalidIdentifier):
        entity_ids.parse(text)


@pytest.mark.parametrize(
    "text",
    ["http://a.example", "http://127.0.0.1.example", "http://notlocalhost", "http://10.0.0.1"],
)
def test_plain_http_elsewhere_is_never_allowed(text):
    with pytest.raises(InvalidIdentifier):
        entity_ids.parse(text, LOOPBACK)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example", "https://a.example/.well-known/openid-federation"),
        ("https://a.example/", "https://a.example/.well-known/openid-federation"),
        ("https://a.example/p", "https://a.example/p/.well-known/openid-federation"),
        ("https://a.example/p/", "https://a.example/p/.well-known/openid-federation"),
        ("https://a.example/p//", "https://a.example/p//.well-known/openid-federation"),
    ],
)
def test_the_configuration_lies_after_the_path(text, url):
    assert entity_ids.configuration_url(entity_ids.parse(text)) == url


def test_one_closing_slash_makes_another_entity():
    assert entity_ids.parse("https://a.example") != entity_ids.parse("https://a.example/")


def test_the_host_is_told_without_port_and_in_lower_case():
    assert entity_ids.host(entity_ids.parse("https://Id.A.Example:8443/x")) == "id.a.example"


@given(st.text() | st.from_regex(r"https?://[a-z.@:/?#\[\]0-9]*", fullmatch=True))
def test_any_text_is_an_identifier_or_refused(text):
    with contextlib.suppress(InvalidIdentifier):
        assert entity_ids.host(entity_ids.parse(text, LOOPBACK))
