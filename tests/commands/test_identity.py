"""What officers do with real names: named, with a reason, and seen by whom it concerns."""

import flask
import orjson
import pytest
from sqlalchemy import select

from idp import staff
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.commands.conftest import Run
from tests.oidc.actors import NUMBER, Person, proven, with_account

OFFICER = "4401-0077"
BY = ("--officer", OFFICER, "--reason", "photo disputed")


@pytest.fixture
def wang(app: flask.Flask) -> Person:
    return proven(with_account(app, "wangxm", "+8613800000001"))


def test_who_lowers_a_level_or_takes_a_name_away_is_named_with_the_reason(
    command: Run, app: flask.Flask, wang: Person
) -> None:
    command("identity", "lower", wang.account_id, "--ial", "1", *BY)
    command("identity", "take-away", wang.account_id, *BY)

    with app.app_context():
        done = select(AuditEvent).filter_by(target=wang.account_id)
        found = {
            row.action: (orjson.loads(row.details)["officer"], row.reason)
            for row in db.session.scalars(done)
        }
    said = (OFFICER, "photo disputed")
    assert found == {"identity.lowered": said, "identity.released": said}


@pytest.mark.parametrize("what", [("lower", "--ial", "1"), ("take-away",), ("show",)])
def test_nobody_does_it_unnamed(command: Run, wang: Person, what: tuple[str, ...]) -> None:
    verb, *more = what
    reason = () if verb == "show" else ("--reason", "x")

    command("identity", verb, wang.account_id, *more, *reason, status=2)
    with pytest.raises(staff.OfficerUnnamed):
        command("identity", verb, wang.account_id, *more, *reason, "--officer", " ")


def test_a_look_at_a_name_is_masked_and_seen_by_its_holder(command: Run, wang: Person) -> None:
    said = command("identity", "show", wang.account_id, "--officer", OFFICER).output

    assert "register" in said
    assert NUMBER not in said
    wang.opens("/account/").signs_in().opens("/account/reads")
    assert "工作人员查看了您的实名信息" in wang.page.text
    assert OFFICER in wang.page.text


def test_a_look_at_nothing_is_no_look(command: Run, app: flask.Flask) -> None:
    nobody = with_account(app, "lihong", "+8613800000002")

    command("identity", "show", nobody.account_id, "--officer", OFFICER, status=1)

    nobody.opens("/account/").signs_in().opens("/account/reads")
    assert "还没有人查看过" in nobody.page.text
