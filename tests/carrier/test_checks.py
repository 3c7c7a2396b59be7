"""Every check of a number's history against the sandbox, over HTTP: each answer of each service."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import flask
import pytest

from idp import settings
from idp.carrier.base import Answer
from idp.carrier.checks import CHECKS
from idp.carrier.service import Carrier
from idp.outbound import Outbound
from idp.settings import SettingsError
from sandbox.registry.carriers import PREFIX
from tests.registers import GARBAGE, PATIENCE, TROUBLES, Tap, registers, tap

__all__ = ["registers", "tap"]
SINCE = datetime(2026, 1, 1, 16, 30, tzinfo=UTC)
KEPT = "+8613800000001"
ANSWERS = {
    f"+86{PREFIX}1": Answer.REISSUED,
    f"+86{PREFIX}2": Answer.UNKNOWN,
    f"+86{PREFIX}3": Answer.UNKNOWN,
    f"+86{PREFIX}4": Answer.REISSUED,
    f"+86{PREFIX}5": Answer.UNKNOWN,
    f"+86{PREFIX}6": Answer.UNKNOWN,
    f"+86{PREFIX}7": Answer.UNKNOWN,
    f"+86{PREFIX}8": Answer.UNKNOWN,
    f"+86{PREFIX}9": Answer.UNKNOWN,
    KEPT: Answer.KEPT,
    "+85251234567": Answer.UNKNOWN,
}
Made = Callable[..., Any]


def tables(registers: flask.Flask, **changes: str) -> dict[str, Any]:
    url = registers.extensions["url"]
    aliyun = {
        "endpoint": f"{url}/aliyun-dytnsapi/",
        "access_key_id": "sandbox-ak",
        "access_key_secret": "sandbox-secret",
        "auth_code": "sandbox-code",
    }
    return {"checks": tuple(CHECKS), "aliyun": aliyun | changes}


@pytest.fixture
def check(registers: flask.Flask, tmp_path: Path) -> Made:
    """``check(name)``: one that asks the sandbox; ``changes`` spoil its table."""

    def made(name: str, **changes: str) -> Any:
        chosen = settings.load(
            environment="testing",
            var_dir=tmp_path,
            carrier=tables(registers, **changes),
            outbound={"timeout": PATIENCE, "breaker_failures": 1000},
        )
        return CHECKS[name].from_settings(chosen, Outbound(chosen))

    return made


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(("number", "answer"), ANSWERS.items())
def test_every_answer_is_read_as_it_is_meant(
    check: Made, name: str, number: str, answer: Answer
) -> None:
    assert check(name).answer(number, SINCE) is answer


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("body", GARBAGE)
def test_what_is_no_answer_says_nothing(check: Made, tap: Tap, name: str, body: bytes) -> None:
    tap.change = lambda _heard: body
    assert check(name).answer(KEPT, SINCE) is Answer.UNKNOWN


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_service_that_is_away_says_nothing(
    check: Made, tap: Tap, name: str, trouble: Callable[[Any], None]
) -> None:
    tap.trouble = trouble
    assert check(name).answer(KEPT, SINCE) is Answer.UNKNOWN


@pytest.mark.parametrize("wrong", [{"access_key_id": "x"}, {"access_key_secret": "x"}])
def test_a_wrong_key_of_ours_lets_nobody_in(check: Made, wrong: dict[str, str]) -> None:
    assert check("aliyun_number", **wrong).answer(KEPT, SINCE) is Answer.UNKNOWN


def test_aliyun_is_asked_in_the_body_in_beijing_s_time(check: Made, tap: Tap) -> None:
    """Numbers in a query would stand in the logs of every proxy."""
    seen: list[Any] = []
    tap.trouble = lambda environ: seen.append((environ["QUERY_STRING"], _body(environ)))
    check("aliyun_number").answer(KEPT, SINCE)
    ((query, asked),) = seen
    assert query == ""
    assert asked == {
        "AuthCode": ["sandbox-code"],
        "InputNumber": ["13800000001"],
        "Mask": ["NORMAL"],
        "StartTime": ["2026-01-02 00:30:00"],
    }


def _body(environ: Any) -> dict[str, list[str]]:
    """Read, and put back for who answers."""
    said = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = BytesIO(said)
    return parse_qs(said.decode())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"checks": ("nobody",)}, "'nobody' is none of"),
        ({"checks": ("aliyun_number",)}, "carrier.aliyun"),
    ],
)
def test_settings_that_name_what_is_not_there_stop_the_start(
    tmp_path: Path, app: flask.Flask, given: dict[str, Any], said: str
) -> None:
    chosen = settings.load(environment="testing", var_dir=tmp_path, carrier=given)
    with pytest.raises(SettingsError, match=said):
        Carrier(chosen, app.extensions["sealer"], Outbound(chosen))
