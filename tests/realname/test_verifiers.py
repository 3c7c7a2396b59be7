"""Every verifier against the sandbox, over HTTP: each outcome of each register."""

from collections.abc import Callable
from typing import Any

import flask
import pytest

from idp.assurance import METHODS
from idp.realname.base import Outcome
from idp.realname.proving import TURNED_BACK
from idp.realname.verifiers import VERIFIERS
from idp.realname.words import WAYS
from idp.settings import SettingsError
from sandbox.registry import alipay, people
from tests.realname.conftest import tables
from tests.realname.vendors import (
    BACK,
    CARD,
    CHECKS,
    JOURNEYS,
    NUMBER,
    PHONE,
    SHOWN,
    asked,
    begun,
    brought,
    looks,
    states,
)
from tests.registers import GARBAGE, TROUBLES, Tap

OTHER_KEYS = alipay.new_keys()
OUTCOMES = {
    "查无此人": Outcome.NO_RECORD,
    "姓名不符": Outcome.MISMATCH,
    "非法姓名": Outcome.INVALID,
    "次数超限": Outcome.RATE_LIMITED,
    "库在维护": Outcome.UNAVAILABLE,
    "服务断开": Outcome.UNAVAILABLE,
    "应答缓慢": Outcome.UNAVAILABLE,
}
"""By the magic names; who answers more slowly than we wait has not answered."""


@pytest.fixture
def anna(registers: flask.Flask) -> Any:
    registry = registers.extensions["registry"]
    registry.put(NUMBER, name="张三", phone=PHONE.removeprefix("+86"), bank_card=CARD)
    yield
    registry.forget(NUMBER)


@pytest.mark.parametrize("name", CHECKS)
def test_what_the_register_knows_matches(
    anna: None, verifier: Callable[..., Any], name: str
) -> None:
    answer = verifier(name).check(states())
    assert answer.outcome is Outcome.MATCH
    assert answer.reference


@pytest.mark.parametrize("name", CHECKS)
def test_another_name_is_a_mismatch(anna: None, verifier: Callable[..., Any], name: str) -> None:
    assert verifier(name).check(states("李四")).outcome is Outcome.MISMATCH


@pytest.mark.parametrize("name", [n for n in CHECKS if "phone" in VERIFIERS[n].asks])
def test_another_phone_is_a_mismatch(anna: None, verifier: Callable[..., Any], name: str) -> None:
    answer = verifier(name).check(states(phone="+8613800000002"))
    assert answer.outcome is Outcome.MISMATCH


def test_another_bank_card_is_a_mismatch(anna: None, verifier: Callable[..., Any]) -> None:
    answer = verifier("tencent_bank_card").check(states(bank_card="6217000000000000004"))
    assert answer.outcome is Outcome.MISMATCH


@pytest.mark.parametrize("said", OUTCOMES)
@pytest.mark.parametrize("name", CHECKS)
def test_every_way_a_check_may_end_has_its_outcome(
    verifier: Callable[..., Any], name: str, said: str
) -> None:
    assert verifier(name).check(states(said)).outcome is OUTCOMES[said]


def test_every_verifier_names_itself_and_every_method_has_its_words() -> None:
    assert {made.name: made for made in VERIFIERS.values()} == VERIFIERS
    assert {made.method for made in VERIFIERS.values()} <= METHODS.keys() & WAYS.keys()
    assert {VERIFIERS[name].method for name in JOURNEYS} == TURNED_BACK.keys()


def test_every_magic_name_is_tried() -> None:
    assert set(OUTCOMES) == set(people.MAGIC)


@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("name", CHECKS)
def test_an_answer_nobody_can_read_decides_nothing(
    verifier: Callable[..., Any], tap: Tap, name: str, said: bytes
) -> None:
    tap.change = lambda _: said
    assert verifier(name).check(states()).outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("name", JOURNEYS)
def test_no_journey_begins_or_ends_by_an_answer_nobody_can_read(
    registers: flask.Flask, verifier: Callable[..., Any], tap: Tap, name: str, said: bytes
) -> None:
    made = verifier(name)
    journey = begun(made)
    back = looks(registers, journey.url, "passed")
    tap.change = lambda _: said
    if name not in SHOWN:  # which are begun without a question
        assert made.begin(states(), "ref2", BACK).outcome is Outcome.UNAVAILABLE
    end = made.finish(journey.token, states(), brought(back))
    assert end is None or end.outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", JOURNEYS)
def test_a_service_that_is_down_or_slow_at_the_end_decides_nothing(
    registers: flask.Flask, verifier: Callable[..., Any], tap: Tap, name: str, trouble: Any
) -> None:
    made = verifier(name)
    journey = begun(made)
    back = looks(registers, journey.url, "passed")
    tap.trouble = trouble
    end = made.finish(journey.token, states(), brought(back))
    assert end.outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize("name", CHECKS)
def test_a_rare_name_reaches_the_register_unchanged(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    number = "110000199003070028"
    registers.extensions["registry"].put(number, name="𠮷·\U00031350")
    assert verifier(name).check(states("𠮷·\U00031350", number)).outcome is Outcome.MATCH
    assert verifier(name).check(states("吉·\U00031350", number)).outcome is Outcome.MISMATCH
    registers.extensions["registry"].forget(number)


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verifier_without_its_table_stops_the_start(
    verifier: Callable[..., Any], name: str
) -> None:
    with pytest.raises(SettingsError):
        verifier(name, tencent=None, aliyun=None, alipay=None, ncid=None)


@pytest.mark.parametrize("key", ["", "MIIE", OTHER_KEYS["public_key"]])
def test_a_key_that_is_none_stops_the_start(
    registers: flask.Flask, verifier: Callable[..., Any], key: str
) -> None:
    with pytest.raises(SettingsError):
        verifier("alipay_face", alipay={**tables(registers)["alipay"], "private_key": key})


@pytest.mark.parametrize(
    ("name", "table", "spoilt"),
    [
        ("tencent_register", "tencent", {"secret_key": "other"}),
        ("tencent_register", "tencent", {"secret_id": "other"}),
        ("aliyun_register", "aliyun", {"access_key_secret": "other"}),
        ("aliyun_register", "aliyun", {"access_key_id": "other"}),
        ("aliyun_face", "aliyun", {"access_key_secret": "other"}),
        ("alipay_face", "alipay", {"app_id": "other"}),
        ("alipay_face", "alipay", {"private_key": OTHER_KEYS["private_key"]}),
        ("alipay_face", "alipay", {"alipay_public_key": OTHER_KEYS["public_key"]}),
    ],
)
def test_a_wrong_key_of_ours_decides_nothing_about_anybody(
    registers: flask.Flask, verifier: Callable[..., Any], name: str, table: str, spoilt: dict
) -> None:
    given = {**tables(registers)[table], **spoilt}
    answer = asked(verifier(name, **{table: given}))
    assert answer.outcome is Outcome.UNAVAILABLE
    assert answer.code
