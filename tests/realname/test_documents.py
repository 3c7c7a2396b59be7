"""Numbers of identity documents: the standards' own vectors, and what holds for every number."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from idp.crypto import masking
from idp.errors import IdpError
from idp.realname import documents
from idp.realname.documents import (
    KINDS,
    PROVINCES,
    RESIDENT,
    Document,
    age,
    birthday,
    dated,
    from_legacy,
    read,
    today,
)
from idp.realname.errors import (
    BirthdateImpossible,
    BirthdateNeeded,
    NumberMalformed,
    NumberMistyped,
    OtherDocument,
    UnknownDocument,
)

TODAY = date(2026, 11, 22)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check(body: str) -> str:
    """The check character as GB 11643-1999 defines it, worked out by hand."""
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


BIRTHDAYS = st.dates(date(1900, 1, 1), TODAY)
ORDERS = st.integers(0, 999).map("{:03}".format)


@st.composite
def checked(draw: st.DrawFn, places: st.SearchStrategy[str]) -> str:
    """Six signs of a place, a birthday, an order, and the check character of it all."""
    body = draw(places) + draw(BIRTHDAYS).strftime("%Y%m%d") + draw(ORDERS)
    return body + check(body)


def resident_numbers() -> st.SearchStrategy[str]:
    return checked(st.sampled_from(sorted(PROVINCES)).map("{}0100".format))


@st.composite
def old_permanent_cards(draw: st.DrawFn) -> str:
    """A country in letters, a province and a city, six digits of a birthday, two more."""
    country = draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3))
    born = draw(BIRTHDAYS).strftime("%y%m%d")
    return country + draw(st.sampled_from(sorted(PROVINCES))) + "00" + born + draw(DIGITS[2])


DIGITS = {n: st.text("0123456789", min_size=n, max_size=n) for n in (2, 7, 8, 10)}
_NO_LOOKALIKES = st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ")
VALID: dict[str, st.SearchStrategy[str]] = {
    RESIDENT: resident_numbers(),
    "hmt_residence": checked(st.sampled_from(["810000", "820000", "830000"])),
    "permanent_residence": st.one_of(
        checked(st.builds("9{}{}".format, st.sampled_from(sorted(PROVINCES)), ORDERS)),
        old_permanent_cards(),
    ),
    "hm_travel": st.builds(
        "{}{}{}".format,
        st.sampled_from("HM"),
        DIGITS[8],
        st.one_of(st.just(""), DIGITS[2]),
    ),
    "tw_travel": st.one_of(
        DIGITS[8], DIGITS[10], st.builds("{}{}".format, DIGITS[10], _NO_LOOKALIKES)
    ),
    "passport": st.one_of(
        st.builds("E{}".format, DIGITS[8]),
        st.builds("E{}{}".format, _NO_LOOKALIKES, DIGITS[7]),
        st.builds("{}{}".format, st.sampled_from("DSPG"), DIGITS[8]),
        st.builds("{}E{}".format, st.sampled_from("DSP"), DIGITS[7]),
    ),
    "foreign_passport": st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=5, max_size=17),
}
"""Numbers as their issuers make them, of every kind."""
CHECKED = {RESIDENT, "hmt_residence", "permanent_residence"}
"""Kinds whose 18 digits end with a check character."""
OF_ONE_LENGTH = sorted(set(VALID) - {"tw_travel", "foreign_passport"})
"""Kinds of which no number becomes another one by a sign more or less."""


GOOD = [
    (RESIDENT, "11000019900307001X", "male", date(1990, 3, 7)),
    (RESIDENT, "110000199003070028", "female", date(1990, 3, 7)),
    (RESIDENT, "440000198512311119", "male", date(1985, 12, 31)),
    (RESIDENT, "330000190001019990", "male", date(1900, 1, 1)),
    (RESIDENT, "310000201506011238", "male", date(2015, 6, 1)),
    (RESIDENT, "320000201202290014", "male", date(2012, 2, 29)),
    (RESIDENT, "110000194910010034", "male", date(1949, 10, 1)),
    (RESIDENT, "110000200808080085", "female", date(2008, 8, 8)),
    (RESIDENT, "11010519491231002X", "female", date(1949, 12, 31)),
    (RESIDENT, "440524188001010014", "male", date(1880, 1, 1)),
    ("hmt_residence", "810000199508151232", "male", date(1995, 8, 15)),
    ("hmt_residence", "820000198801012343", "female", date(1988, 1, 1)),
    ("hmt_residence", "830000197905204566", "female", date(1979, 5, 20)),
    ("permanent_residence", "932682198501010017", "male", date(1985, 1, 1)),
    ("permanent_residence", "931840199001010011", "male", date(1990, 1, 1)),
    ("permanent_residence", "911392198512310025", "female", date(1985, 12, 31)),
    ("permanent_residence", "KAZ110090123105", "", None),
    ("hm_travel", "H12345678", "", None),
    ("hm_travel", "M1234567801", "", None),
    ("tw_travel", "12345678", "", None),
    ("tw_travel", "1234567890A", "", None),
    ("passport", "E12345678", "", None),
    ("passport", "EA1234567", "", None),
    ("passport", "G12345678", "", None),
    ("foreign_passport", "X1Y2Z3456", "", None),
]


@pytest.mark.parametrize(("kind", "number", "gender", "born"), GOOD)
def test_a_good_number_is_read(kind: str, number: str, gender: str, born: date | None) -> None:
    assert read(kind, number, TODAY) == Document(kind, number, born, gender)


BAD = [
    (RESIDENT, "110000199003070029", NumberMistyped),
    (RESIDENT, "110000199902300018", BirthdateImpossible),
    (RESIDENT, "990000199003070010", NumberMalformed),
    (RESIDENT, "11000019900307001", NumberMalformed),
    (RESIDENT, "1100001990030700１XX", NumberMalformed),
    (RESIDENT, "", NumberMalformed),
    (RESIDENT, "110000203001010018", BirthdateImpossible),
    (RESIDENT, "110000187001010018", BirthdateImpossible),
    (RESIDENT, "810000199508151232", OtherDocument),
    (RESIDENT, "931840199001010011", OtherDocument),
    ("hmt_residence", "11000019900307001X", OtherDocument),
    ("hmt_residence", "990000199508151232", NumberMalformed),
    ("hmt_residence", "810000199508151233", NumberMistyped),
    ("permanent_residence", "998840199001010011", NumberMalformed),
    ("permanent_residence", "931840199001010012", NumberMistyped),
    ("permanent_residence", "KAZ110090133105", BirthdateImpossible),
    ("permanent_residence", "KA1110090123105", NumberMalformed),
    ("hm_travel", "T12345678", NumberMalformed),
    ("hm_travel", "H1234567890123", NumberMalformed),
    ("tw_travel", "1234567", NumberMalformed),
    ("passport", "EI1234567", NumberMalformed),
    ("foreign_passport", "AB12", NumberMalformed),
    ("driving_licence", "110000199003070028", UnknownDocument),
]


@pytest.mark.parametrize(("kind", "number", "error"), BAD)
def test_a_wrong_number_says_what_is_wrong(kind: str, number: str, error: type[IdpError]) -> None:
    with pytest.raises(IdpError) as raised:
        read(kind, number, TODAY)
    assert raised.type is error


@pytest.mark.parametrize(
    "written",
    ["11000019900307001x", " 110000 19900307 001X ", "11000019900307001Ｘ", "110000-19900307-001X"],
)
def test_small_wide_and_spaced_letters_are_the_same_number(written: str) -> None:
    assert read(RESIDENT, written, TODAY).number == "11000019900307001X"


def test_a_number_of_the_first_generation_becomes_the_one_of_today() -> None:
    assert from_legacy("110105491231002") == "11010519491231002X"
    assert read(RESIDENT, "110105491231002", TODAY).number == "11010519491231002X"


def test_who_was_a_hundred_years_old_then_was_born_in_the_century_before() -> None:
    assert from_legacy("110105961231997")[6:10] == "1896"


def test_the_same_digits_on_two_kinds_of_document_are_two_keys() -> None:
    keys = {read(kind, "12345678", TODAY).key for kind in ("tw_travel", "foreign_passport")}
    assert len(keys) == 2


def test_a_renewed_permit_is_still_the_same_person() -> None:
    first, renewed = (read("hm_travel", number, TODAY) for number in ("H12345678", "H1234567802"))
    assert first.key == renewed.key


def test_a_child_is_a_child_until_the_birthday() -> None:
    child = read(RESIDENT, "310000201506011238", TODAY).born
    assert child is not None
    assert [age(child, date(2029, *day)) for day in ((5, 31), (6, 1))] == [13, 14]
    assert birthday(child, 14) == date(2029, 6, 1)


def test_who_was_born_on_a_leap_day_is_a_year_older_on_the_first_of_march() -> None:
    leap = read(RESIDENT, "320000201202290014", TODAY).born
    assert leap is not None
    assert [age(leap, date(2026, *day)) for day in ((2, 28), (3, 1))] == [13, 14]
    assert birthday(leap, 14) == date(2026, 3, 1)


@time_machine.travel(datetime(2029, 5, 31, 16, 30, tzinfo=UTC), tick=False)
def test_birthdays_are_counted_in_china_wherever_the_node_runs() -> None:
    assert today() == date(2029, 6, 1)


def test_a_number_that_says_no_birthday_takes_the_one_its_holder_states() -> None:
    passport = read("passport", "E12345678", TODAY)
    assert dated(passport, "1990-03-07").born == date(1990, 3, 7)
    assert dated(read(RESIDENT, "11000019900307001X", TODAY), "2015-01-01").born == date(
        1990, 3, 7
    ), "a number that says it is believed"
    for wrong in ("", "7.3.1990", "1990-02-30", "1850-01-01", "2999-01-01"):
        with pytest.raises(BirthdateNeeded):
            dated(passport, wrong)


def test_every_kind_is_in_the_table_and_has_a_good_and_a_bad_number() -> None:
    assert {*KINDS, documents.NETWORK_CREDENTIAL} == set(documents.TABLE)
    assert {kind for kind, *_ in GOOD} == set(KINDS)
    assert {kind for kind, *_ in BAD} >= set(KINDS)


def test_numbers_of_every_kind_are_made() -> None:
    assert set(VALID) == set(KINDS)


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
def test_every_number_made_by_the_standard_is_read_and_unchanged(
    kind: str, data: st.DataObject
) -> None:
    number = data.draw(VALID[kind])

    document = read(kind, number, TODAY)

    assert (document.kind, document.number) == (kind, number)
    assert document.key.startswith(f"{kind}:")
    assert read(kind, document.number, TODAY) == document


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
def test_however_it_is_written_it_is_the_same_number(kind: str, data: st.DataObject) -> None:
    number = data.draw(VALID[kind])
    at = data.draw(st.integers(0, len(number)))
    gap = data.draw(st.sampled_from(["", " ", "-", "\u3000", "\u200b"]))
    written = (number[:at] + gap + number[at:]).lower()
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in written)

    assert read(kind, written, TODAY) == read(kind, wide, TODAY) == read(kind, number, TODAY)


@pytest.mark.parametrize("kind", sorted(CHECKED))
@given(data=st.data(), at=st.integers(0, 17), sign=st.sampled_from("0123456789X"))
def test_no_single_wrong_sign_goes_unnoticed(
    kind: str, data: st.DataObject, at: int, sign: str
) -> None:
    number = data.draw(VALID[kind].filter(lambda made: len(made) == 18))
    wrong = number[:at] + sign + number[at + 1 :]
    if wrong != number:
        with pytest.raises(IdpError):
            read(kind, wrong, TODAY)


@pytest.mark.parametrize("kind", sorted(CHECKED))
@given(data=st.data(), at=st.integers(0, 16))
def test_no_two_neighbours_change_places_unnoticed(kind: str, data: st.DataObject, at: int) -> None:
    number = data.draw(VALID[kind].filter(lambda made: len(made) == 18))
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped != number:
        with pytest.raises(IdpError):
            read(kind, swapped, TODAY)


@pytest.mark.parametrize("kind", OF_ONE_LENGTH)
@given(data=st.data())
def test_a_sign_too_few_or_too_many_is_refused(kind: str, data: st.DataObject) -> None:
    number = data.draw(VALID[kind])
    at = data.draw(st.integers(0, len(number) - 1))
    for wrong in (number[:at] + number[at + 1 :], number[: at + 1] + number[at:]):
        with pytest.raises(IdpError):
            read(kind, wrong, TODAY)


@pytest.mark.parametrize("kind", sorted(CHECKED))
@given(data=st.data())
def test_a_number_is_of_one_of_the_kinds_that_look_alike(kind: str, data: st.DataObject) -> None:
    number = data.draw(VALID[kind])
    for other in CHECKED - {kind}:
        with pytest.raises(IdpError):
            read(other, number, TODAY)


@given(DIGITS[8], DIGITS[2], DIGITS[2], st.sampled_from("HM"))
def test_every_renewal_of_a_permit_is_the_same_person(
    digits: str, first: str, second: str, place: str
) -> None:
    written = [f"{place}{digits}", f"{place}{digits}{first}", f"{place}{digits}{second}"]
    assert len({read("hm_travel", number, TODAY).key for number in written}) == 1
    assert read("hm_travel", written[1], TODAY).number == written[1], "kept as it is written"


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
def test_every_mask_shows_too_little_to_use(kind: str, data: st.DataObject) -> None:
    number = data.draw(VALID[kind])
    masked = masking.id_number(number)
    assert len(masked) == len(number)
    assert masked.count(masking.STAR) >= len(number) - 8
    assert masking.STAR in masked


def luhn_digit(body: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B, worked out by hand."""
    total = 0
    for place, sign in enumerate(reversed(body)):
        doubled = int(sign) * (1 if place % 2 else 2)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


CARDS = st.text("0123456789", min_size=12, max_size=18).map(lambda body: body + luhn_digit(body))
"""Numbers of bank cards, of 13 to 19 digits."""


@given(CARDS)
def test_every_bank_card_made_by_the_standard_checks(card: str) -> None:
    assert luhn.is_valid(card)


@given(CARDS, st.data())
def test_no_single_wrong_digit_of_a_bank_card_goes_unnoticed(
    card: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(card) - 1))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != card[at]))
    assert not luhn.is_valid(card[:at] + digit + card[at + 1 :])


@given(BIRTHDAYS, ORDERS)
def test_a_legacy_number_keeps_the_person(born: date, order: str) -> None:
    if born.year >= 2000:
        born -= timedelta(days=365 * 60)
    legacy = "110105" + born.strftime("%y%m%d") + order
    document = read(RESIDENT, legacy, TODAY) if int(order) < 996 else None
    if document and document.born:
        assert document.born.strftime("%y%m%d") == legacy[6:12]
        assert document.number[14:17] == order


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused_and_never_worse(kind: str, written: str) -> None:
    try:
        document = read(kind, written, TODAY)
    except IdpError:
        return
    assert document.number.isascii()
    assert document.number.isalnum()
    assert read(kind, document.number, TODAY) == document


@given(resident_numbers())
def test_the_mask_shows_too_little_to_use(number: str) -> None:
    masked = masking.id_number(number)
    assert len(masked) == len(number)
    assert masked[4:14] == "*" * 10
