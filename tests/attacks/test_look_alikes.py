"""One person has one name and one number, however they are written; look-alikes are nobody."""

import unicodedata

import flask
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.credentials import username_fits
from idp.sms.errors import BadNumber
from idp.sms.numbers import normalise
from idp.store import accounts
from tests.actors import Citizen
from tests.attacks.hostile import DIGITS, LOOK_ALIKES
from tests.attacks.people import GOOD, Citizens

NUMBER = "13900000001"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202e\u2066\u2069\u180e\u034f\ufe0f\u0301"


def written_in(digits: str, number: str = NUMBER) -> str:
    return "".join(digits[int(each)] for each in number)


def test_a_number_in_other_digits_is_the_same_number_or_none(
    wang: Citizen, citizens: Citizens
) -> None:
    for digits in DIGITS.values():
        other = citizens(NUMBER).visits("/login/?m=sms")
        other.submits("send-code", phone=written_in(digits))
        if other.status == 400:
            assert "login-submit" not in other.text
            continue

        assert other.submits("login-submit", sms_code=other.phone.code()).at == "/account/"
        assert "wang_xm" in other.text


@pytest.mark.parametrize("letter", INVISIBLE, ids=ascii)
def test_nothing_unseen_makes_a_second_number_of_one(letter: str) -> None:
    for at in range(len(NUMBER) + 1):
        written = NUMBER[:at] + letter + NUMBER[at:]
        try:
            assert normalise(written) == f"+86{NUMBER}"
        except BadNumber:
            continue


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=24))
def test_any_text_is_a_plain_number_or_none(text: str) -> None:
    try:
        number = normalise(text)
    except BadNumber:
        return
    assert number.isascii()
    assert (number[:4], len(number), number[1:].isdigit()) == ("+861", 14, True)


def test_nobody_is_called_what_looks_like_somebody(wang: Citizen, citizens: Citizens) -> None:
    for number, name in enumerate(LOOK_ALIKES):
        if number % 10 == 0:  # nobody chooses without end
            other = citizens(f"1370000{number:04}").signs_up().visits("/account/username")

        other.submits("username-submit", username=name)

        assert "HT-3001" in other.text or "HT-3002" in other.text, ascii(name)


def test_a_name_that_looks_like_one_opens_that_one_or_none(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    citizens("13700000000").signs_up(username="li_si", password=GOOD)
    for number, name in enumerate(LOOK_ALIKES):
        other = citizens(f"1371000{number:04}", address=f"198.51.{number}.1")
        other.signs_in_by_password(name, GOOD)

        assert other.status == 400 or "wang_xm" in other.text, ascii(name)
    with app.app_context():
        assert len({_id("wang_xm"), _id("li_si")}) == 2


def _id(name: str) -> str:
    account = accounts.by_username(name)
    assert account is not None
    return account.id


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(min_size=1, max_size=40))
def test_a_name_that_may_be_chosen_has_one_spelling(text: str) -> None:
    if username_fits(text):
        assert text.isascii()
        assert unicodedata.normalize("NFKC", text) == text
        assert accounts.username_key(text) == text.lower()


def test_a_code_in_other_digits_breaks_nothing(wang: Citizen, citizens: Citizens) -> None:
    for digits in DIGITS.values():
        other = citizens(NUMBER).visits("/login/?m=sms").submits("send-code", phone=NUMBER)
        code = other.phone.code()

        other.submits("login-submit", sms_code=written_in(digits, code))

        assert other.status == 400 or other.at == "/account/"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_password_is_one_however_its_accents_are_typed(citizens: Citizens, form: str) -> None:
    typed = "Café-琴台 ﬁnal 7392 é"
    citizens().signs_up(username="wang_xm", password=unicodedata.normalize("NFC", typed))

    other = citizens("13700000000")
    other.signs_in_by_password("wang_xm", unicodedata.normalize(form, typed))

    assert other.at == "/account/"


@pytest.mark.parametrize("client_id", ["ѕhebao", "shebao\u200b", "ｓｈｅｂａｏ", "shebao\u0301"])
def test_no_portal_is_called_what_looks_like_another(client: object, client_id: str) -> None:
    answer = client.get("/oauth/authorize", query_string={"client_id": client_id})  # type: ignore[attr-defined]

    assert answer.headers["Location"].startswith("/error/HT-1001")
