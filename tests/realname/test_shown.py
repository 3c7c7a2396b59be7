"""Every verifier somebody shows a credential to: each end, and whose it was."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import flask
import pytest
from structlog.testing import capture_logs

from idp.realname import documents
from idp.realname.base import Begun, Outcome, Statement
from sandbox.registry import ncid
from tests.realname.conftest import tables
from tests.realname.vendors import (
    BACK,
    NUMBER,
    OTHER,
    SHOWN,
    brought,
    looks,
)
from tests.registers import Tap

UNSTATED = Statement("", documents.UNSTATED)
SHOWING = {
    "passed": Outcome.MATCH,
    "failed": Outcome.MISMATCH,
    "elsewhere": Outcome.INVALID,
    "limited": Outcome.RATE_LIMITED,
    "busy": Outcome.UNAVAILABLE,
    "down": Outcome.UNAVAILABLE,
    "slow": Outcome.UNAVAILABLE,
}
"""By what is chosen in the App of the sandbox."""


def shows(registers: flask.Flask, made: Any, outcome: str = "passed", who: str = NUMBER) -> Any:
    """Begin, go to the App and come back: the token, and what the browser brought."""
    reference = secrets.token_hex(16)
    journey = made.begin(UNSTATED, reference, BACK)
    assert isinstance(journey, Begun)
    return journey.token, brought(looks(registers, journey.url, outcome, who))


def test_every_choice_of_the_app_is_tried() -> None:
    assert {*SHOWING, ncid.LEFT} == {value for value, _ in ncid.CHOICES}


@pytest.mark.parametrize("outcome", SHOWING)
@pytest.mark.parametrize("name", SHOWN)
def test_a_credential_shown_has_its_outcome_and_names_its_holder_only_where_it_passed(
    registers: flask.Flask, verifier: Callable[..., Any], name: str, outcome: str
) -> None:
    made = verifier(name)
    token, there = shows(registers, made, outcome)
    answer = made.finish(token, UNSTATED, there)
    assert answer is not None
    assert (answer.outcome, answer.reference) == (SHOWING[outcome], token)
    assert (answer.document is not None) == (answer.outcome is Outcome.MATCH)


@pytest.mark.parametrize("name", SHOWN)
def test_who_turns_back_from_the_app_has_shown_nothing(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    token, there = shows(registers, made, "left")
    assert made.finish(token, UNSTATED, there) is None


@pytest.mark.parametrize("name", SHOWN)
def test_one_holder_has_one_identifier_and_no_number_is_in_it(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    one, again, other = (
        made.finish(token, UNSTATED, there).document
        for token, there in (shows(registers, made, who=w) for w in (NUMBER, NUMBER, OTHER))
    )
    assert one == again != other
    assert one.kind == documents.NETWORK_CREDENTIAL
    assert NUMBER not in one.number


@pytest.mark.parametrize("name", SHOWN)
def test_what_was_shown_for_one_business_proves_nothing_for_another_nor_twice(
    registers: flask.Flask, verifier: Callable[..., Any], name: str
) -> None:
    made = verifier(name)
    theirs, there = shows(registers, made)
    mine, _ = shows(registers, made)
    assert made.finish(mine, UNSTATED, there).outcome is Outcome.INVALID
    assert made.finish(theirs, UNSTATED, there).outcome is Outcome.INVALID, "spent by then"


@pytest.mark.parametrize("name", SHOWN)
def test_an_answer_to_another_question_is_not_believed_though_it_is_signed(
    registers: flask.Flask, verifier: Callable[..., Any], tap: Tap, name: str
) -> None:
    made = verifier(name)
    theirs, there = shows(registers, made)
    assert made.finish(theirs, UNSTATED, there).outcome is Outcome.MATCH
    heard = tap.heard
    mine, here = shows(registers, made, "failed")
    tap.change = lambda _: heard
    with capture_logs() as logged:
        answer = made.finish(mine, UNSTATED, here)
    assert (answer.outcome, answer.code) == (Outcome.UNAVAILABLE, "another-question")
    assert [line["log_level"] for line in logged] == ["error"]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"authResult":"1"', b'"authResult":"0"'),
        lambda body: body.replace(b'"sign":"', b'"sign":"0'),
        lambda body: re.sub(rb',"sign":"[0-9a-f]+"', b"", body),
    ],
    ids=["turned", "spoilt", "unsigned"],
)
@pytest.mark.parametrize("name", SHOWN)
def test_a_platform_is_believed_by_its_signature_alone(
    registers: flask.Flask,
    verifier: Callable[..., Any],
    tap: Tap,
    name: str,
    change: Callable[[bytes], bytes],
) -> None:
    made = verifier(name)
    token, there = shows(registers, made, "failed")
    tap.change = change
    with capture_logs() as logged:
        answer = made.finish(token, UNSTATED, there)
    assert (answer.outcome, answer.code) == (Outcome.UNAVAILABLE, "signature")
    assert [line["log_level"] for line in logged] == ["error"]


@pytest.mark.parametrize("spoilt", [{"key": "other"}, {"org_id": "other"}, {"app_id": "other"}])
def test_a_platform_that_does_not_know_us_decides_nothing(
    registers: flask.Flask, verifier: Callable[..., Any], spoilt: dict[str, str]
) -> None:
    made = verifier("ncid", ncid={**tables(registers)["ncid"], **spoilt})
    token, there = shows(registers, made)
    assert made.finish(token, UNSTATED, there).outcome is Outcome.UNAVAILABLE
