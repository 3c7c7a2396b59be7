"""One-time passwords by the clock, and what people type of them."""

from base64 import b32encode
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto import totp
from idp.web import qr

RFC_SECRET = b32encode(b"12345678901234567890").decode()
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
"""RFC 6238 appendix B, SHA-1: eight digits, of which six are the last six."""
FORMS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"]
SPACES = st.text(" \u3000\u00a0\t\u2009", max_size=3)


@pytest.mark.parametrize("moment", VECTORS)
def test_codes_are_those_of_the_rfc(moment: int) -> None:
    step = totp.step_at(moment)

    assert totp.code_at(RFC_SECRET, step) == VECTORS[moment][-6:]
    assert totp.steps_of(RFC_SECRET, VECTORS[moment][-6:], totp.around(step)) == [step]


@pytest.mark.parametrize(
    ("away", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_one_step_before_and_after_is_good(away: int, good: bool) -> None:
    step = totp.step_at(1234567890)
    code = totp.code_at(RFC_SECRET, step + away)

    assert bool(totp.steps_of(RFC_SECRET, code, totp.around(step))) is good


def test_a_step_begins_every_thirty_seconds() -> None:
    assert [totp.step_at(each) for each in (0, 29.999, 30, 59.9, 60)] == [0, 0, 1, 1, 2]


def test_secrets_have_160_bits_and_differ() -> None:
    made = {totp.new_secret() for _ in range(50)}

    assert len(made) == 50
    assert all(len(pyotp.TOTP(each).byte_secret()) == 20 for each in made)


@given(st.integers(0, 999_999), st.lists(SPACES, min_size=7, max_size=7), st.sampled_from(FORMS))
def test_six_digits_are_read_in_any_script_with_any_spaces(
    number: int, spaces: list[str], form: str
) -> None:
    code = f"{number:06}"
    typed = "".join(space + form[int(digit)] for space, digit in zip(spaces, code, strict=False))

    assert totp.normalise(typed + spaces[-1]) == code


@given(st.text(max_size=20))
def test_whatever_is_typed_is_six_digits_or_nothing(typed: str) -> None:
    read = totp.normalise(typed)

    assert read == "" or (len(read) == 6 and read.isascii() and read.isdigit())


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "123-456", "-12345", "①②③④⑤⑥"])
def test_what_is_not_six_digits_is_nothing(typed: str) -> None:
    assert totp.normalise(typed) == ""


def test_the_address_names_issuer_and_person_and_fits_into_a_qr_code() -> None:
    address = totp.uri(RFC_SECRET, "甲" * 14, "138****0000")

    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/138****0000"
    assert parse_qs(parts.query) == {"secret": [RFC_SECRET], "issuer": ["甲" * 14]}
    assert pyotp.parse_uri(address).secret == RFC_SECRET
    assert qr.path(address)


def test_a_secret_is_shown_in_groups_of_four() -> None:
    assert totp.in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"
