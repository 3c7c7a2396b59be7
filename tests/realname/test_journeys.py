"""Every look at a living face, as its verifier tells it: each end it may have."""

from collections.abc import Callable
from typing import Any

import flask
import pytest
from structlog.testing import capture_logs

from idp.realname.base import Answer, Outcome
from tests.realname.vendors import (
    BACK,
    FACES,
    begun,
    looks,
    states,
)
from tests.registers import Tap

TOLD_WHOSE = [name for name in FACES if name != "aliyun_face"]
"""Aliyun names nobody at the end; its token stays with the statement, sealed, in our hands."""
ONLY_NO = {"alipay_face"}
"""Alipay does not say why it was not."""


@pytest.mark.parametrize("name", FACES)
def test_a_living_face_that_is_the_person_s_matches(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    journey = begun(made)
    assert made.finish(journey.token, states(), {}) is None
    back = looks(registers, journey.url, "passed")
    assert back.location.startswith(BACK)
    answer = made.finish(journey.token, states(), {})
    assert answer is not None
    assert (answer.outcome, answer.reference) == (Outcome.MATCH, journey.token)


@pytest.mark.parametrize("name", FACES)
def test_a_journey_somebody_left_proves_nothing(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    journey = begun(made)
    looks(registers, journey.url, "left")
    answer = made.finish(journey.token, states(), {})
    assert answer is None or answer.outcome is Outcome.MISMATCH


@pytest.mark.parametrize("outcome", ["failed", "other"])
@pytest.mark.parametrize("name", FACES)
def test_any_other_face_does_not(
    registers: flask.Flask, verifier: Callable[..., Any], name: str, outcome: str
) -> None:
    made = verifier(name)
    journey = begun(made)
    looks(registers, journey.url, outcome)
    answer = made.finish(journey.token, states(), {})
    assert answer is not None
    assert answer.outcome is Outcome.MISMATCH


@pytest.mark.parametrize("name", TOLD_WHOSE)
def test_a_journey_proves_nothing_for_another_person(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    journey = begun(made)
    looks(registers, journey.url, "passed")
    for other in (states("李四"), states(number="110000199003070028")):
        answer = made.finish(journey.token, other, {})
        assert answer is not None
        assert answer.outcome is Outcome.MISMATCH


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("非法姓名", Outcome.INVALID),
        ("次数超限", Outcome.RATE_LIMITED),
        ("库在维护", Outcome.UNAVAILABLE),
        ("服务断开", Outcome.UNAVAILABLE),
        ("应答缓慢", Outcome.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("name", FACES)
def test_a_journey_that_cannot_begin_says_why(
    verifier: Callable[..., Any], name: str, said: str, outcome: Outcome
) -> None:
    answer = verifier(name).begin(states(said), "ref1", "https://id.jia.test/back")
    assert isinstance(answer, Answer)
    assert answer.outcome is outcome


@pytest.mark.parametrize(
    ("said", "outcome"), [("查无此人", Outcome.NO_RECORD), ("姓名不符", Outcome.MISMATCH)]
)
@pytest.mark.parametrize("name", FACES)
def test_what_the_register_says_is_heard_at_the_end_of_the_journey(
    registers: flask.Flask, verifier: Callable[..., Any], name: str, said: str, outcome: Outcome
) -> None:
    made = verifier(name)
    journey = begun(made, said)
    looks(registers, journey.url, "passed")
    answer = made.finish(journey.token, states(said), {})
    assert answer is not None
    assert answer.outcome is (Outcome.MISMATCH if name in ONLY_NO else outcome)


@pytest.mark.parametrize("name", FACES)
def test_a_journey_nobody_began_has_no_end(verifier: Callable[..., Any], name: str) -> None:
    answer = verifier(name).finish("NOSUCHTOKEN", states(), {})
    assert answer is not None
    assert answer.outcome is not Outcome.MATCH


def spoilt_sign(body: bytes) -> bytes:
    return body.replace(b'"sign":"', b'"sign":"AAAA')


def without_sign(body: bytes) -> bytes:
    return body.split(b',"sign"')[0] + b"}"


def turned(body: bytes) -> bytes:
    return body.replace(b'"passed":"F"', b'"passed":"T"')


def beside(body: bytes) -> bytes:
    """What was signed still stands there, and somebody else's verdict before it."""
    forged = b'{"alipay_user_certify_open_query_response":{"code":"10000","passed":"T"},'
    return forged + body[1:]


@pytest.mark.parametrize("change", [spoilt_sign, without_sign, turned, beside])
def test_alipay_is_believed_by_its_signature_alone(
    registers: flask.Flask,
    verifier: Callable[..., Any],
    tap: Tap,
    change: Callable[[bytes], bytes],
) -> None:
    made = verifier("alipay_face")
    journey = begun(made)
    looks(registers, journey.url, "failed")
    tap.change = change
    with capture_logs() as logged:
        answer = made.finish(journey.token, states(), {})
    assert answer is not None
    assert answer.outcome is Outcome.UNAVAILABLE
    if answer.code == "signature":
        assert [line["log_level"] for line in logged] == ["error"]


def test_an_answer_of_alipay_s_about_another_person_proves_nothing_here(
    registers: flask.Flask, verifier: Callable[..., Any], tap: Tap
) -> None:
    """It is signed as it should be: whose it is stands in it."""
    made = verifier("alipay_face")
    theirs = begun(made, "李四")
    looks(registers, theirs.url, "passed")
    made.finish(theirs.token, states("李四"), {})
    heard, mine = tap.heard, begun(made)
    tap.change = lambda _: heard
    answer = made.finish(mine.token, states(), {})
    assert answer is not None
    assert answer.outcome is Outcome.MISMATCH
