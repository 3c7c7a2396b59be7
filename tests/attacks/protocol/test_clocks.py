"""Nodes whose clocks differ: what ends at one ends at all."""

import flask
import time_machine

from idp import staff, stops
from tests.oidc.actors import Person, Portal


def test_a_session_that_began_by_a_faster_clock_ends_all_the_same(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    with time_machine.travel("2026-11-22T10:00:03+08:00", tick=True):
        shebao.tokens_for(wang)

    with time_machine.travel("2026-11-22T10:00:01+08:00", tick=True), app.app_context():
        stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "stolen"))

    with time_machine.travel("2026-11-22T10:00:05+08:00", tick=True):
        wang.opens(shebao.url(prompt="none"))
        assert wang.arrived["error"] == "login_required"
