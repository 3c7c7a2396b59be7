"""Passwords: kept so that a thief learns nothing, refused when a stranger would guess them."""

import time
from statistics import median

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from idp.crypto import strength as reasons
from idp.crypto.passwords import Passwords, strength

GOOD = "xiaoyu-likes-39-mangoes"


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


def test_a_hash_is_argon2id_with_the_agreed_cost(passwords):
    assert passwords.hash(GOOD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("less", [{"memory": 8192}, {"rounds": 1}])
def test_less_than_the_agreed_cost_is_refused(less):
    with pytest.raises(ValueError, match="at least"):
        Passwords(**less)


def test_only_the_right_password_is_accepted(passwords):
    kept = passwords.hash(GOOD)
    assert passwords.verify(GOOD, kept)
    assert not passwords.verify(GOOD + " ", kept)
    assert not passwords.verify("", kept)


def test_the_same_password_typed_in_another_spelling_is_accepted(passwords):
    kept = passwords.hash("café 密码\u3000三只猫")
    assert passwords.verify("cafe\u0301 密码 三只猫", kept)


@pytest.mark.parametrize("hash_", [None, "", "damaged", "$argon2id$v=19$broken", "$2b$12$abc"])
def test_no_password_is_right_for_no_hash_or_a_damaged_one(passwords, hash_):
    assert not passwords.verify(GOOD, hash_)
    assert not passwords.verify("nobody's password", hash_)


def test_an_account_without_a_password_takes_as_long(passwords):
    kept = passwords.hash(GOOD)
    known, unknown = [], []
    for _ in range(9):
        for times, hash_ in ((known, kept), (unknown, None)):
            began = time.perf_counter()
            passwords.verify("wrong password", hash_)
            times.append(time.perf_counter() - began)
    assert 0.5 < median(known) / median(unknown) < 2


def test_a_hash_made_with_less_is_renewed(passwords):
    weak = (
        "$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21l$RWZ1bmtub3duaGFzaAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )
    assert passwords.needs_update(weak)
    assert not passwords.needs_update(passwords.hash(GOOD))


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short1!", reasons.TOO_SHORT),
        ("x1" * 65, reasons.TOO_LONG),
        ("good enough\x00but not", reasons.UNPRINTABLE),
        ("5201314520", reasons.COMMON),
        ("a5201314", reasons.COMMON),
        ("woaini1314", reasons.COMMON),
        ("1qaz2wsx", reasons.COMMON),
        ("P@ssw0rd!", reasons.COMMON),
        ("13912345678", reasons.PHONE),
        ("a13912345678", reasons.PHONE),
        ("8613912345678", reasons.PHONE),
        ("19900101", reasons.BIRTHDAY),
        ("1990-1-31", reasons.BIRTHDAY),
        ("1990年1月31日", reasons.BIRTHDAY),
        ("19900101aa", reasons.BIRTHDAY),
        ("zhangwei1990", reasons.PINYIN),
        ("Wangfang520", reasons.PINYIN),
        ("Zhang@1990", reasons.PINYIN),
        ("Li19850612!", reasons.PINYIN),
        ("Shebao2024", reasons.PINYIN),
        ("mima123456789", reasons.PINYIN),
        ("7ujm6yhn5tgb", reasons.KEYBOARD),
        ("qwertasdfg", reasons.KEYBOARD),
        ("hijklmnop", reasons.SEQUENCE),
        ("nmlkjihgf", reasons.SEQUENCE),
        ("xxxxxxxxx", reasons.REPEAT),
        ("x7kx7kx7k", reasons.REPEAT),
        ("48392017564", reasons.DIGITS),
        ("Tr0ub4dour&3", reasons.GUESSABLE),
    ],
)
def test_a_guessable_password_is_refused_with_a_reason(password, reason):
    assert reason in strength(password)


@pytest.mark.parametrize(
    "password",
    [GOOD, "correct horse battery staple", "紫禁城下雪了三只猫", "G7#kd0!mQz", "qiuTian-luoye-93"],
)
def test_a_good_password_is_accepted(password):
    assert strength(password, ["lihua1988", "+8613800000000", "李华"]) == []


@pytest.mark.parametrize("password", ["lihua1988-forever", "my-13800000000-x", "LIHUA1988!!x7"])
def test_a_password_made_of_what_we_know_of_the_person_is_refused(password):
    assert reasons.PERSONAL in strength(password, ["lihua1988", "+8613800000000"])


def test_every_reason_says_what_to_do_in_chinese():
    texts = [
        v for k, v in vars(reasons).items() if k.isupper() and isinstance(v, str) and k[0] != "_"
    ]
    assert len(texts) == 13
    assert all("请" in text and text.endswith("。") for text in texts)


@hypothesis(max_examples=40, deadline=1000)
@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=3))
def test_judging_any_text_is_quick_and_answers_reasons(password, hints):
    assert all(isinstance(reason, str) for reason in strength(password, hints))
