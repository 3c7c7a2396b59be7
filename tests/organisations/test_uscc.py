"""Unified social credit codes: the standard's checks as warnings, its form as a rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.errors import IdpError
from idp.organisations.errors import CreditCodeMalformed
from idp.organisations.uscc import KINDS, TABLE, read

GOOD = {
    "91110000MA00000077": "enterprise",
    "92440100MA00TE5T20": "sole_proprietor",
    "93330000MA0000N112": "enterprise",
    "114400000000000007": "government",
    "123100004250000064": "public_institution",
    "51320000509000003X": "social",
    "A1110000710000005E": "government",
    "Y11100007177000044": "other",
    "91110000101623741K": "enterprise",
}


@pytest.mark.parametrize("code", GOOD)
def test_a_good_code_names_its_kind_and_checks(code: str) -> None:
    found = read(code)
    assert (found.code, found.kind, found.checks) == (code, GOOD[code], True)


def test_a_code_whose_check_fails_is_a_warning_only() -> None:
    found = read("91350211M0000XUF46")
    assert not found.checks
    assert found.kind == "enterprise"


@pytest.mark.parametrize(
    "written", [" 91110000 MA000000 77", "91110000ma00000077", "９1110000MA00000077"]
)
def test_spaces_small_and_wide_letters_do_not_matter(written: str) -> None:
    assert read(written).code == "91110000MA00000077"


@pytest.mark.parametrize(
    "written", ["", "9111000", "91110000MA0000007I", "91110000MA000000777", "9111000OMA00000077"]
)
def test_what_is_no_code_is_refused(written: str) -> None:
    with pytest.raises(CreditCodeMalformed):
        read(written)


def test_every_kind_a_code_may_name_has_words() -> None:
    assert set(TABLE["registered"].values()) <= set(KINDS)


@given(
    st.sampled_from(sorted(GOOD)),
    st.integers(8, 17),
    st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"),
)
def test_one_wrong_sign_is_noticed(code: str, at: int, sign: str) -> None:
    wrong = code[:at] + sign + code[at + 1 :]
    if wrong != code:
        assert not read(wrong).checks


@given(st.text(max_size=30))
def test_whatever_is_typed_is_read_or_refused(written: str) -> None:
    try:
        found = read(written)
    except IdpError:
        return
    assert read(found.code) == found
