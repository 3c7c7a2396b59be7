"""What another node's ID token has to say to be believed, claim by claim (OIDC Core §3.1.3.7)."""

import time
from typing import Any

import pytest

from idp.assurance import Level
from idp.broker import answering
from idp.broker.answering import Assertion, Wrong
from idp.broker.asking import Question
from idp.sessions import session

HOME, OWN, NONCE = "https://id.jia.example", "https://id.yi.example", "n-0S6"
NAMED = {
    "verification": {"trust_framework": answering.FRAMEWORK, "assurance_level": "ial3"},
    "claims": {"name": "王小明", "birthdate": "1990-03-07"},
}


def read(question: dict[str, Any] | None = None, **claims: Any) -> Assertion:
    now = int(time.time())
    told = {
        "iss": HOME,
        "aud": OWN,
        "sub": "s",
        "nonce": NONCE,
        "iat": now,
        "exp": now + 300,
        "auth_time": now - 3600,
        "acr": "ial3.aal2",
        "amr": ["pwd"],
        **claims,
    }
    told = {name: value for name, value in told.items() if value is not None}
    asked = Question(entity=HOME, nonce=NONCE, **(question or {}))
    return answering.read(told, asked, OWN, now - 5)


def test_what_is_in_order_is_read() -> None:
    said = read(verified_claims=NAMED, sid="x")

    assert (said.issuer, said.subject, said.authority) == (HOME, "s", HOME)
    assert said.level == Level(3, 2)
    assert said.verified == {"name": "王小明", "birthdate": "1990-03-07"}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://id.bing.example"},
        {"iss": None},
        {"aud": "https://id.bing.example"},
        {"aud": [OWN, "https://id.bing.example"]},
        {"aud": None},
        {"azp": "https://id.bing.example"},
        {"nonce": "other"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": 7},
        {"exp": 1},
        {"exp": None},
        {"exp": True},
        {"iat": 1},
        {"iat": time.time() + 3600},
        {"auth_time": None},
        {"auth_time": time.time() + 3600},
        {"auth_time": "yesterday"},
    ],
    ids=[f"case-{number}" for number in range(20)],
)
def test_what_is_not_in_order_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Wrong):
        read(**claims)


@pytest.mark.parametrize("question", [{"prompt": "login"}, {"max_age": 60}])
def test_a_sign_in_of_before_is_no_fresh_one(question: dict[str, Any]) -> None:
    with pytest.raises(Wrong):
        read(question)
    assert read(question, auth_time=int(time.time()))


@pytest.mark.parametrize(
    ("claims", "level"),
    [
        ({"acr": None}, Level(1, 1)),
        ({"acr": "urn:mace:incommon:iap:gold"}, Level(1, 1)),
        ({"acr": "ial9.aal9"}, Level(1, 1)),
        ({"cn_level_ceiling": "ial2.aal1"}, Level(2, 1)),
        ({"cn_level_ceiling": "ial4.aal3"}, Level(3, 2)),
        ({"cn_level_ceiling": "rubbish"}, Level(1, 1)),
    ],
    ids=[f"case-{number}" for number in range(6)],
)
def test_a_level_is_never_more_than_was_said(claims: dict[str, Any], level: Level) -> None:
    assert read(**claims).level == level


@pytest.mark.parametrize(
    "value",
    [
        None,
        "王小明",
        [NAMED],
        {**NAMED, "more": 1},
        {"claims": NAMED["claims"]},
        {"verification": "x", "claims": {}},
        {"verification": {"trust_framework": "another"}, "claims": NAMED["claims"]},
        {"verification": NAMED["verification"], "claims": {"name": 7, "birthdate": "x" * 300}},
    ],
    ids=[f"case-{number}" for number in range(8)],
)
def test_a_name_that_is_not_vouched_for_as_it_should_be_is_none(value: Any) -> None:
    assert read(verified_claims=value).verified == {}


@pytest.mark.parametrize("amr", [None, 7, "pwd", {}, [1, None, "x" * 100]], ids=str)
def test_odd_methods_are_passed_over(amr: Any) -> None:
    assert read(amr=amr).amr == ()


def test_methods_are_few() -> None:
    assert len(read(amr=[f"m{number}" for number in range(100)]).amr) == 8


def test_what_was_seen_here_and_what_home_says_each_count_for_themselves() -> None:
    home = session.Home(HOME, "s", HOME, 3, 1, "ial3.aal2", (), 0, "", 0.0)
    core = {"proofs": {"fed": 1.0}, "unsettled": False, "ial": 1, "home": list(home)}
    assert session.level_of(core) == Level(3, 1)

    core |= {"proofs": {"fed": 1.0, "mfa": 2.0, "swk": 2.0}, "ial": 2}
    assert session.level_of(core) == Level(3, 2)
