"""Accounts that are stopped: at once, everywhere, with a reason, and with a human way out."""

from collections.abc import Callable
from datetime import timedelta

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, sessions, staff, stops
from idp.store import accounts, outbox
from idp.store import cases as stored
from idp.store import stops as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.actors import Phone
from tests.commands.conftest import Run, command
from tests.oidc.actors import Person, Portal, registered
from tests.realname.test_merging import merges_now, twice
from tests.realname.test_proving import FACE, proves

__all__ = ["command", "twice"]

OFFICER = "4401-0077"
BY = staff.Act(OFFICER, "register of residents")


def stopped(app: flask.Flask, person: Person, kind: str = stops.DECEASED) -> str:
    """The number under which the account is stopped."""
    with app.app_context():
        return stops.stop(person.account_id, kind, BY).code


@pytest.mark.parametrize("kind", stops.KINDS)
def test_whoever_signs_in_there_reads_why_and_what_to_do(
    app: flask.Flask, wang: Person, kind: str
) -> None:
    code = stopped(app, wang, kind)
    wang.opens("/account/").signs_in()
    assert wang.page.status_code == 403
    for said in ("HT-0201", code, stops.KINDS[kind], "政务服务大厅"):
        assert said in wang.page.text
    wang.opens("/account/")
    assert wang.page.request.path == "/login/", "nobody is signed in"


def test_nobody_reads_it_who_has_not_proved_the_account(
    app: flask.Flask, wang: Person, li: Person
) -> None:
    code = stopped(app, wang)
    wang.opens("/account/").signs_in()
    at = wang.page.request.full_path
    li.opens(at)
    assert code not in li.page.text, "another browser"
    li.opens("/login/")
    li.opens(li.page.request.full_path.replace("/login/", "/login/stopped"))
    assert "HT-2023" in li.page.text
    wang.opens("/account/").signs_in(password="wrong-Lantern-0000")
    assert code not in wang.page.text
    assert "HT-0201" not in wang.page.text


def test_sessions_and_tokens_end_at_once_and_portals_are_told(
    app: flask.Flask, wang: Person
) -> None:
    shebao = registered(app, "shebao", backchannel_logout_uri="https://shebao.test/logout")
    tokens = shebao.tokens_for(wang, scope="openid offline_access")
    stopped(app, wang)
    assert shebao.userinfo(tokens["access_token"]).status_code == 401
    assert shebao.refreshes(tokens["refresh_token"]).status_code == 400
    introspected = shebao.calls("/oauth/introspect", token=tokens["access_token"]).json
    assert introspected == {"active": False}
    wang.opens(shebao.url(prompt="none"), follow=False)
    assert wang.arrived["error"] == "login_required"
    with app.app_context():
        assert sessions.list_of(wang.account_id) == []
        kinds = db.session.scalars(select(outbox.OutboxMessage.kind)).all()
        assert {"backchannel-logout", "sessions-end", "notice"} <= set(kinds)


def test_the_holder_is_told_of_the_stop_and_of_its_end(
    app: flask.Flask, wang: Person, phones: Callable[[str], Phone]
) -> None:
    phone = phones("13800000001")
    stopped(app, wang)
    assert "已停用" in phone.texts()[0]
    with app.app_context():
        stops.lift(wang.account_id, BY)
    assert "已恢复" in phone.texts()[0]


def test_lifted_it_is_as_it_was(
    app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    stopped(app, wang)
    with app.app_context():
        stops.lift(wang.account_id, BY)
    wang.opens(fund.url()).signs_in()
    told = fund.reads(fund.redeems(wang.arrived["code"]).json["id_token"])
    assert told["acr"] == "ial3.aal1"


def test_what_officers_do_is_on_record_with_name_and_reason(app: flask.Flask, wang: Person) -> None:
    code = stopped(app, wang, stops.CANCELLED)
    with app.app_context():
        stops.lift(wang.account_id, staff.Act("4401-0078", "a mistake of the register"))
        query = select(AuditEvent).where(
            AuditEvent.action.in_(["account.stopped", "account.restored"])
        )
        first, second = db.session.scalars(query.order_by(AuditEvent.id))
    said = orjson.loads(first.details)
    assert (said["kind"], said["case"], said["officer"]) == (stops.CANCELLED, code, OFFICER)
    assert first.reason == BY.reason
    assert orjson.loads(second.details)["officer"] == "4401-0078"


def test_a_stop_is_not_stopped_again_nor_lifted_twice(app: flask.Flask, wang: Person) -> None:
    stopped(app, wang)
    with app.app_context():
        with pytest.raises(stops.AlreadyStopped):
            stops.stop(wang.account_id, stops.OTHER, BY)
        stops.lift(wang.account_id, BY)
        with pytest.raises(stops.NotStopped):
            stops.lift(wang.account_id, BY)
        with pytest.raises(stops.UnknownAccount):
            stops.stop("nobody", stops.OTHER, BY)


def test_a_tombstone_is_not_stopped_so_that_lifting_wakes_none(
    app: flask.Flask, twice: Person, wang: Person
) -> None:
    merges_now(twice)
    with app.app_context():
        with pytest.raises(stops.Over):
            stops.stop(wang.account_id, stops.DECEASED, BY)
        gone = accounts.by_id(wang.account_id)
        assert gone is not None
        assert gone.status == "merged"


def test_a_closed_or_merged_account_is_not_restored(
    app: flask.Flask, twice: Person, wang: Person
) -> None:
    merges_now(twice)
    with app.app_context(), pytest.raises(stops.NotStopped):
        stops.lift(wang.account_id, BY)


class TestAppealing:
    def test_too_little_is_said_and_the_second_appeal_is_the_first(
        self, app: flask.Flask, wang: Person
    ) -> None:
        stopped(app, wang)
        wang.opens("/account/").signs_in()
        wang.presses("appeal-submit", reason=" ")
        assert "HT-4403" in wang.page.text
        wang.presses("appeal-submit", reason="我在世。")
        assert "slip-code" in wang.page.text
        wang.presses("appeal-submit", reason="我在世，请核实。")
        with app.app_context():
            (case,) = stored.of(wang.account_id)
            stop = store.of(wang.account_id)
            assert stop is not None
            assert case.stated == {
                "topic": "stopped",
                "reason": "我在世，请核实。",
                "stop": stop.code,
            }

    def test_an_appeal_against_one_stop_lifts_no_other(
        self, app: flask.Flask, wang: Person
    ) -> None:
        stopped(app, wang)
        wang.opens("/account/").signs_in().presses("appeal-submit", reason="我在世。")
        with app.app_context():
            (case,) = stored.of(wang.account_id)
            stops.lift(wang.account_id, BY)
            stops.stop(wang.account_id, stops.WRONG_PERSON, BY)
            with pytest.raises(cases.NoSuchCase):
                cases.decide(case.code, OFFICER, cases.CONFIRMED, "alive")
            assert stops.of(wang.account_id) is not None

    def test_lifted_meanwhile_there_is_nothing_to_appeal_against(
        self, app: flask.Flask, wang: Person
    ) -> None:
        stopped(app, wang)
        wang.opens("/account/").signs_in()
        with app.app_context():
            stops.lift(wang.account_id, BY)
        wang.presses("appeal-submit", reason="我在世。")
        assert "HT-2023" in wang.page.text

    def test_an_interaction_that_ran_out_says_so(self, app: flask.Flask, wang: Person) -> None:
        stopped(app, wang)
        wang.opens("/account/").signs_in()
        with app.app_context():
            app.extensions["redis"].flushdb()
        wang.presses("appeal-submit", reason="我在世。")
        assert wang.page.status_code in {400, 410}


class TestCommands:
    def test_stop_and_restore_name_the_officer(self, command: Run, wang: Person) -> None:
        refused = command("account", "stop", wang.account_id, "--reason", "x", status=2).output
        assert "--officer" in refused
        by = ("--officer", OFFICER, "--reason", "register of residents")
        said = command("account", "stop", wang.account_id, "--why", "deceased", *by).output
        with wang.app.app_context():
            stop = store.of(wang.account_id)
            assert stop is not None
            assert stop.code in said
        command("account", "restore", wang.account_id, *by)
        with wang.app.app_context():
            assert store.of(wang.account_id) is None

    def test_merges_are_listed_and_undone(
        self, command: Run, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        merges_now(twice)
        listed = command("account", "merges", twice.account_id).output
        assert f"{wang.account_id} into {twice.account_id}" in listed
        by = ("--officer", OFFICER, "--reason", "asked in the hall")
        command("account", "undo-merge", listed.split()[0], *by)
        assert "undone" in command("account", "merges", wang.account_id).output
        with time_machine.travel(timedelta(days=8)):
            assert "final" not in command("account", "merges", wang.account_id).output

    def test_cases_are_listed_shown_and_decided(
        self, command: Run, app: flask.Flask, wang: Person
    ) -> None:
        stopped(app, wang)
        wang.opens("/account/").signs_in().presses("appeal-submit", reason="我在世。")
        listed = command("case", "list", "--kind", "appeal", "--limit", "1").output
        code = listed.split()[0]
        assert "appeal (stopped)" in listed
        assert f"--after {code}" in listed
        assert code not in command("case", "list", "--after", code).output
        assert "我在世。" in command("case", "show", code, "--officer", OFFICER).output
        by = ("--officer", OFFICER, "--reason", "came in person")
        command("case", "decide", code, "--confirm", *by)
        assert "0 open" in command("case", "list").output
