"""What a mask shows, and how little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto import masking

digits = st.text("0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800000000", "138****0000"),
        ("13800000000", "138****0000"),
        ("+85261234567", "+852******67"),
        ("+12025550123", "+120******23"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_a_phone_shows_its_ends(number, shown):
    assert masking.phone(number) == shown


def test_a_birth_date_shows_its_year():
    assert masking.birthdate("1990-03-07") == "1990-**-**"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张小三", "张*三"),
        ("张三", "张*"),
        ("张", "*"),
        ("欧阳小华", "欧**华"),
        ("阿不都·热合曼", "阿*****曼"),
        ("WOLFESCHLEGELSTEINHAUSEN MAXIMILIANA ANN", "W**********N"),
        ("", ""),
    ],
)
def test_a_name_shows_its_ends(name, shown):
    assert masking.name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "1101**********002X"),
        ("110105491231002", "1101*******1002"),
        ("E12345678", "E******78"),
        ("A123", "****"),
    ],
)
def test_an_identity_number_shows_its_ends(number, shown):
    assert masking.id_number(number) == shown


@given(digits)
def test_at_least_a_quarter_of_any_number_stays_hidden(text):
    for mask in (masking.phone, masking.id_number):
        for number in (text, f"+{text}"):
            shown = mask(number)
            assert len(shown) <= len(number)
            assert shown.count("*") * 4 >= len(text)


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=12))
def test_a_name_is_never_shown_whole(text):
    shown = masking.name(text)
    assert len(shown) == len(text)
    assert "*" in shown


@given(st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True))
def test_the_middle_of_a_mainland_number_never_shows(number):
    assert number[6:10] not in masking.phone(number).replace("*", "x")[:3]
    assert masking.phone(number)[3:7] == "****"
