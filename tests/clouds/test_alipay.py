"""Reading an answer of Alipay's as it was signed: its raw text, member by member."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.clouds.alipay import members, signable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON), st.sampled_from([None, 1]), st.booleans())
def test_every_member_is_found_with_its_text(said, indent, ascii_only):
    text = json.dumps(said, indent=indent, ensure_ascii=ascii_only)
    if not said:
        with pytest.raises(ValueError):
            members(text)
        return
    found = members(text)
    assert {name: json.loads(value) for name, value in found.items()} == said
    assert all(value in text for value in found.values())


def test_the_text_is_kept_as_it_was_written():
    assert members('{"a" : {"url":"http:\\/\\/x" } ,"sign":"s"}')["a"] == '{"url":"http:\\/\\/x" }'


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[]", '{"a":1', '{"a":1}x', '{"a":1,}', '{"a":1,"a":2}', "{a:1}", '{"a" 1}'],
)
def test_what_two_readers_could_read_in_two_ways_is_refused(text):
    with pytest.raises(ValueError):
        members(text)


def test_a_request_is_signed_over_what_it_says_in_order():
    assert signable({"b": "2", "a": "1", "c": ""}) == "a=1&b=2"
