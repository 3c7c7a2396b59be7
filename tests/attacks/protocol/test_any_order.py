"""Whatever order things are done in: nothing works after its end, and nothing works twice."""

import flask
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from idp.store import sessions as stored
from tests.attacks.protocol import machine

QUICK = settings(
    max_examples=15,
    stateful_step_count=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""The same stories every time; ``--hypothesis-profile=rig`` tells many more, new ones each run."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_sessions_codes_and_families_in_any_order(
    app: flask.Flask, request: pytest.FixtureRequest
) -> None:
    asked = request.config.getoption("hypothesis_profile", None)
    chosen = settings.get_profile(asked) if asked else QUICK
    with machine.for_app(app) as each:
        run_state_machine_as_test(each, settings=chosen)


@pytest.mark.slow
def test_the_stories_notice_an_end_that_ends_nothing(
    app: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "cut", lambda *_, **__: None)
    with machine.for_app(app) as each, pytest.raises(AssertionError):
        run_state_machine_as_test(each, settings=settings(QUICK, phases=[Phase.generate]))
