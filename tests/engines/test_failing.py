"""Engines that die or fall silent: clear answers in time, nothing half-done, nothing lost."""

import select as waiting
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import psycopg
import pytest
from sqlalchemy import event, func, select
from werkzeug.serving import make_server

from idp import staff, standing, stops
from idp.signals import deliveries
from idp.store import outbox
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.types import BlindIndex, now
from sandbox import create_app
from sandbox.inbox import Inbox
from sandbox.options import Options
from tests.actors import Citizen, Phone
from tests.engines import postgres, redis_servers
from tests.engines.pairs import require
from tests.engines.processes import Server
from tests.engines.redis_servers import until
from tests.engines.town import (
    PATIENCE,
    Town,
    arrives,
    built,
    is_busy_answer,
    is_busy_page,
)
from tests.oidc.actors import PASSWORD, Person

pytestmark = pytest.mark.slow


@dataclass
class Failing:
    """A town whose engines a test may take away; ``how`` is how they fail."""

    town: Town
    redis: Server
    sql: Server
    inbox: Inbox

    def citizen(self, number: str) -> Citizen:
        return Citizen(self.town.app, Phone(self.town.app, self.inbox, number))

    def accounts_of(self, citizen: Citizen) -> int:
        with self.town.app.app_context():
            having = BlindIndex.matches(Account.phone_index, f"+86{citizen.number}")
            return db.session.scalar(select(func.count()).select_from(Account).where(having)) or 0

    def lose(self, engine: Server, how: str) -> None:
        engine.kill() if how == "killed" else engine.stall()

    def bring_back(self, *engines: Server) -> None:
        for engine in engines:
            if engine.process.poll() is None:
                engine.go_on()
            else:
                engine.start()
        until(self.town.is_ready)


@pytest.fixture(scope="module")
def running() -> Iterator[Failing]:
    require(redis_servers.redis_missing())
    require(postgres.missing())
    # Not pytest's own place: any other session that starts shuts it to PostgreSQL's user.
    with (
        tempfile.TemporaryDirectory(prefix="failing-") as directory,
        redis_servers.single(Path(directory) / "redis") as (redis_url, redis),
        postgres.server(Path(directory) / "pg", *postgres.KILLABLE) as (sql_url, sql),
        sandbox() as (gateway, inbox),
        built(Path(directory), redis_url, sql_url, sms=gateway) as town,
    ):
        yield Failing(town, redis, sql, inbox)


@contextmanager
def sandbox() -> Iterator[tuple[dict[str, object], Inbox]]:
    """A gateway that keeps what it is given, as ``sms`` settings, and what it was given."""
    app = create_app(Options(per_minute=0, per_hour=0, per_day=0, any_sender_day=0))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}/gateway/send"
    gateway = {"endpoint": endpoint, "token": "sandbox-token"}
    many = {"number_minute": 99, "number_hour": 99, "number_day": 99}
    yield {"providers": ("gateway",), "gateway": gateway, **many}, app.extensions["inbox"]
    server.shutdown()
    server.server_close()


@pytest.fixture
def failing(running: Failing) -> Iterator[Failing]:
    yield running
    running.bring_back(running.redis, running.sql)


HOW = pytest.mark.parametrize("how", ["killed", "stalled"])


@HOW
def test_without_redis_everybody_is_told_in_time(failing: Failing, how: str) -> None:
    town = failing.town
    wang, seen = town.person(), town.person()
    tokens = town.shebao.tokens_for(wang, scope="openid offline_access")
    at_the_password_form(seen)

    failing.lose(failing.redis, how)
    before = time.monotonic()
    wang.opens(town.gjj.url(prompt="none"), follow=False)
    assert time.monotonic() - before < 3 * PATIENCE
    assert is_busy_page(wang.page)
    assert is_busy_answer(town.shebao.refreshes(tokens["refresh_token"]))
    assert is_busy_answer(town.shebao.userinfo(tokens["access_token"]))
    seen.presses("login-submit", username=seen.username, password=PASSWORD)
    assert is_busy_page(seen.page)
    assert seen.browser.get_cookie("hutong_sso") is None

    failing.bring_back(failing.redis)
    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200
    town.shebao.tokens_for(seen)
    assert town.events(seen.account_id)["session.started"] == 1
    assert town.trail_is_whole()


@HOW
@pytest.mark.parametrize("name", ["redis", "sql"])
def test_health_names_the_engine_that_is_away(failing: Failing, name: str, how: str) -> None:
    failing.lose(getattr(failing, name), how)

    assert failing.town.asks("/health/live")[0].status_code == 200
    answer, seconds = failing.town.asks("/health/ready")
    assert answer.status_code == 503
    assert answer.json["checks"][name] != "ok"
    other = "sql" if name == "redis" else "redis"
    assert answer.json["checks"][other] == "ok"
    assert seconds < 10 * PATIENCE


@HOW
def test_a_code_is_never_good_twice(failing: Failing, how: str) -> None:
    """Whoever was told «unavailable» while it was spent may have to ask again: never two get it."""
    town = failing.town
    wang = town.person()
    town.gjj.tokens_for(wang)
    code, spent = arrives(wang, town.gjj), arrives(wang, town.gjj)
    assert town.gjj.redeems(spent).status_code == 200

    failing.lose(failing.redis, how)
    assert is_busy_answer(town.gjj.redeems(code))
    failing.bring_back(failing.redis)

    answers = [town.gjj.redeems(code).status_code for _ in range(2)]
    assert answers[1:] == [400]
    assert town.gjj.redeems(spent).json["error"] == "invalid_grant"
    assert town.events(wang.account_id)["grant.code_issued"] == 3
    assert town.trail_is_whole()


@HOW
def test_without_sql_who_is_signed_in_goes_on_and_nobody_new_comes_in(
    failing: Failing, how: str
) -> None:
    town = failing.town
    wang, seen = town.person(), town.person()
    for portal in (town.shebao, town.gjj):
        tokens = portal.tokens_for(wang, scope="openid offline_access")
        portal.userinfo(tokens["access_token"])
    at_the_password_form(seen)

    failing.lose(failing.sql, how)
    answer = town.gjj.redeems(arrives(wang, town.gjj))
    assert answer.status_code == 200
    assert town.gjj.refreshes(tokens["refresh_token"]).status_code == 200
    before = time.monotonic()
    seen.presses("login-submit", username=seen.username, password=PASSWORD)
    assert time.monotonic() - before < 8 * PATIENCE
    assert is_busy_page(seen.page)
    assert seen.browser.get_cookie("hutong_sso") is None

    failing.bring_back(failing.sql)
    town.shebao.tokens_for(seen)
    assert town.events(seen.account_id)["session.started"] == 1
    told = town.events(wang.account_id)
    assert (told["session.started"], told["token.issued"]) == (1, 3)
    assert told["token.refreshed"] == 1
    assert town.trail_is_whole()


@HOW
def test_an_answer_that_is_ready_is_given_though_sql_goes_before_the_request_is_over(
    failing: Failing, how: str
) -> None:
    town = failing.town
    wang = town.person().opens("/login/").signs_in()

    def goes(*_: object, **__: object) -> None:
        failing.lose(failing.sql, how)

    with flask.request_finished.connected_to(goes, town.app):
        wang.browser.get("/account/")
    assert town.asks("/health/ready")[0].status_code == 503

    failing.bring_back(failing.sql)
    assert wang.opens("/account/").page.status_code == 200


@HOW
def test_what_was_stopped_while_redis_was_away_is_stopped(failing: Failing, how: str) -> None:
    town = failing.town
    wang = town.person()
    tokens = town.shebao.tokens_for(wang, scope="openid offline_access")

    failing.lose(failing.redis, how)
    with town.app.app_context(), pytest.raises(Exception, match=r"(?i)redis|connect|timeout"):
        stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "asked"))
    failing.bring_back(failing.redis)
    the_worker_does_its_round(town)

    assert arrives(wang, town.shebao) == "login_required"
    assert town.shebao.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert town.shebao.userinfo(tokens["access_token"]).status_code == 401
    with town.app.app_context():
        count = select(func.count()).select_from(outbox.OutboxMessage)
        assert db.session.scalar(count.filter_by(state=outbox.GIVEN_UP)) == 0


def test_a_portal_stopped_while_redis_was_away_is_stopped(failing: Failing) -> None:
    town = failing.town
    wang = town.person()
    town.gjj.tokens_for(wang)

    failing.lose(failing.redis, "killed")
    with town.app.app_context(), pytest.raises(Exception, match=r"(?i)redis|connect|socket"):
        standing.stop_client("gjj", "asked")
    failing.bring_back(failing.redis)
    the_worker_does_its_round(town)

    wang.opens(town.gjj.url(prompt="none"), follow=False)
    assert "code" not in wang.arrived
    with town.app.app_context():
        standing.restore_client("gjj", "asked")
    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200


def test_an_account_opened_as_redis_died_is_there_once(failing: Failing) -> None:
    town, citizen = failing.town, failing.citizen("13900000001")
    citizen.visits("/signup/").submits("send-code", phone=citizen.number)
    form, code = citizen.page, citizen.phone.code()

    failing.lose(failing.redis, "killed")
    citizen.submits("code-submit", sms_code=code)
    assert is_busy_page(citizen.page)
    failing.bring_back(failing.redis)
    citizen.page = form
    citizen.submits("code-submit", sms_code=code)
    assert citizen.at == "/signup/agreement"

    with town.app.app_context():
        event.listen(db.session, "after_commit", lambda _: failing.redis.kill(), once=True)
    citizen.submits("signup-submit", agree="yes")
    assert is_busy_page(citizen.page)
    assert failing.accounts_of(citizen) == 1
    failing.bring_back(failing.redis)

    citizen.page = None
    citizen.signs_in_by_code()
    assert citizen.at == "/account/"
    assert failing.accounts_of(citizen) == 1


def test_a_message_that_could_not_be_counted_is_not_sent(failing: Failing) -> None:
    citizen = failing.citizen("13900000002")
    citizen.visits("/login/?m=sms")
    failing.lose(failing.redis, "killed")
    citizen.submits("send-code", phone=citizen.number)
    assert is_busy_page(citizen.page)
    failing.bring_back(failing.redis)
    assert citizen.phone.texts() == []


def test_a_database_that_ends_every_connection_at_once_is_an_engine_away(
    failing: Failing,
) -> None:
    """As a network does that resets what passes: the new connection is gone like the old one."""
    wang = failing.town.person()
    at_the_password_form(wang)

    with every_connection_ended(failing.town.app):
        wang.presses("login-submit", username=wang.username, password=PASSWORD)
    assert is_busy_page(wang.page)

    wang.opens("/login/")
    at_the_password_form(wang)
    wang.presses("login-submit", username=wang.username, password=PASSWORD)
    assert wang.browser.get_cookie("hutong_sso") is not None


@contextmanager
def every_connection_ended(app: flask.Flask) -> Iterator[None]:
    with app.app_context():
        engine = db.engine
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as admin:

        def end(connection: Any, _record: object) -> None:
            admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            waiting.select([connection.fileno()], [], [], PATIENCE)

        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        event.listen(engine, "connect", end)
        try:
            yield
        finally:
            event.remove(engine, "connect", end)


def at_the_password_form(person: Person) -> None:
    person.opens("/login/")
    person.opens(f"{person.page.request.full_path}&m=password")


def test_a_redis_that_takes_nothing_is_an_engine_away(failing: Failing) -> None:
    town = failing.town
    wang = town.person()
    town.gjj.tokens_for(wang)
    redis = town.app.extensions["redis"]
    redis.config_set("min-replicas-to-write", 1)
    try:
        wang.opens(town.gjj.url(prompt="none"), follow=False)
        assert is_busy_page(wang.page)
    finally:
        redis.config_set("min-replicas-to-write", 0)
    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200


def the_worker_does_its_round(town: Town) -> None:
    """Everything that was promised falls due at once."""
    with town.app.app_context():
        due = outbox.OutboxMessage.due_at
        db.session.query(outbox.OutboxMessage).update({due: now()})
        db.session.commit()
        while deliveries.deliver_due():
            pass
