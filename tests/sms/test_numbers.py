"""Numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.sms.errors import BadNumber
from idp.sms.numbers import normalise


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "（86）138-0013-8000",
        "１３８００１３８０００",
        "+86 138\u00a00013\u20118000",
    ],
)
def test_a_number_has_one_form_however_it_is_typed(typed):
    assert normalise(typed) == "+8613800138000"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1380013800",
        "138001380000",
        "12800138000",
        "+85212345678",
        "abc",
        "13800138000,13800138001",
        "13800138000\x00",
        "+8613800138000#",
        "١٣٨٠٠١٣٨٠٠٠",
    ],
)
def test_what_is_not_a_mainland_mobile_number_is_refused(typed):
    with pytest.raises(BadNumber):
        normalise(typed)


def test_numbers_no_person_holds_are_refused():
    with pytest.raises(BadNumber):
        normalise("14012345678", ("140", "1349"))


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_normalising_twice_changes_nothing(number):
    assert normalise(normalise(number)) == f"+86{number}"
