"""Attacks on the protocol and on sessions: what strangers and clever portals must not get."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import flask
import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import event

from idp import consents, staff, standing, stops
from idp.oidc import client_keys
from idp.outbound import Answer
from idp.signals import deliveries
from idp.store import clients, connections, outbox
from idp.store import sessions as stored
from idp.store.engines import db, redis
from idp.store.types import now
from tests.oidc.actors import Person, Portal

GARBAGE = "00" + "x" * 65


class _Cost:
    """How many statements and Redis commands strangers make us pay."""

    def __init__(self, app: flask.Flask):
        self.app = app
        self.sql = 0

    def __enter__(self) -> "_Cost":
        with self.app.app_context():
            self.engine = db.engine
            self.before = redis.info("stats")["total_commands_processed"]
        event.listen(self.engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_: Any) -> None:
        event.remove(self.engine, "before_cursor_execute", self._count)
        with self.app.app_context():
            self.commands = redis.info("stats")["total_commands_processed"] - self.before

    def _count(self, *_: Any) -> None:
        self.sql += 1


class TestOfflineAccess:
    def _outlives_the_index(self, app: flask.Flask, wang: Person, portal: Portal) -> str:
        """Refreshed every three weeks for months, without another sign-in of the person."""
        tokens = portal.tokens_for(wang, scope="openid phone offline_access", prompt="consent")
        refresh = tokens["refresh_token"]
        with app.app_context():
            families = next(iter(redis.scan_iter("*fs:*")))
            for _ in range(2):  # three weeks later, the Redis clock being what it is
                for key in redis.scan_iter("*"):
                    left = redis.pttl(key)
                    if left > 0:
                        redis.pexpire(key, max(1, left - 21 * 24 * 3600 * 1000))
                for key in redis.scan_iter("*}f:*"):
                    redis.hset(key, "at", int(time.time()) - 21 * 24 * 3600)
                time.sleep(0.01)
                answer = portal.refreshes(refresh)
                assert answer.status_code == 200
                refresh = answer.json["refresh_token"]
            assert redis.exists(families)
        return refresh

    def test_withdrawing_ends_offline_access_however_old(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        refresh = self._outlives_the_index(app, wang, shebao)

        with app.app_context():
            assert consents.withdraw(wang.account_id, "shebao")

        assert shebao.refreshes(refresh).status_code == 400

    def test_stopping_an_account_ends_offline_access_however_old(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        refresh = self._outlives_the_index(app, wang, shebao)

        with app.app_context():
            stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "lost phone"))

        assert shebao.refreshes(refresh).status_code == 400


class TestLegalBasis:
    def test_a_statutory_client_is_told_what_its_registration_lists_now(
        self, app: flask.Flask, wang: Person, gjj: Portal
    ) -> None:
        gjj.tokens_for(wang, scope="openid phone")
        with app.app_context():
            standing.change_client("gjj", {"claims": ["locale"]})

        tokens = gjj.tokens_for(wang, scope="openid phone")

        assert "phone_number" not in gjj.userinfo(tokens["access_token"]).json

    def test_a_new_session_does_not_bring_the_old_list_back(
        self, app: flask.Flask, wang: Person, gjj: Portal
    ) -> None:
        gjj.tokens_for(wang, scope="openid phone")
        with app.app_context():
            standing.change_client("gjj", {"claims": ["locale"]})
        again = Person(app, wang.account_id, wang.username)

        tokens = gjj.tokens_for(again, scope="openid phone")

        assert "phone_number" not in gjj.userinfo(tokens["access_token"]).json

    def test_tokens_issued_before_are_told_no_more_either(
        self, app: flask.Flask, wang: Person, gjj: Portal
    ) -> None:
        tokens = gjj.tokens_for(wang, scope="openid phone")
        with app.app_context():
            standing.change_client("gjj", {"claims": ["locale"]})

        assert "phone_number" not in gjj.userinfo(tokens["access_token"]).json

    @pytest.mark.parametrize("same_browser", [True, False])
    def test_a_client_that_becomes_a_consent_client_has_to_ask(
        self, app: flask.Flask, wang: Person, gjj: Portal, same_browser: bool
    ) -> None:
        gjj.tokens_for(wang, scope="openid phone")
        with app.app_context():
            standing.change_client("gjj", {"legal_basis": "consent"})
        who = wang if same_browser else Person(app, wang.account_id, wang.username)

        who.opens(gjj.url(scope="openid phone"))
        if who.page.request.path == "/login/":
            who.signs_in()

        assert who.page.request.path == "/consent/"

    def test_what_was_never_told_is_not_recorded_as_told(
        self, app: flask.Flask, wang: Person, gjj: Portal, shebao: Portal
    ) -> None:
        shebao.tokens_for(wang)

        wang.opens(gjj.url(scope="openid phone", prompt="none", max_age="0"), follow=False)
        claims = '{"id_token":{"sub":{"value":"somebody else"}}}'
        wang.opens(gjj.url(scope="openid phone", prompt="none", claims=claims), follow=False)

        assert wang.arrived["error"] == "login_required"
        with app.app_context():
            assert connections.find(wang.account_id, "gjj") is None


class TestFloods:
    @pytest.mark.parametrize(
        ("path", "form"),
        [
            ("/oauth/introspect", {"token": GARBAGE}),
            ("/oauth/introspect", {"token": "x"}),
            ("/oauth/revoke", {"token": "x"}),
            ("/oauth/token", {"grant_type": "authorization_code", "code": "x"}),
            ("/oauth/token", {"grant_type": "refresh_token", "refresh_token": "x"}),
        ],
    )
    def test_garbage_costs_no_sql_and_a_round_trip(
        self, app: flask.Flask, shebao: Portal, path: str, form: dict[str, str]
    ) -> None:
        http = app.test_client()
        given = form | {"client_id": "shebao", "client_secret": "guess"}
        http.post(path, data=given)

        with _Cost(app) as cost:
            for _ in range(10):
                http.post(path, data=given)

        assert (cost.sql, cost.commands // 10 < 5) == (0, True), (cost.sql, cost.commands)

    @pytest.mark.parametrize("path", ["/oauth/userinfo", "/oauth/revoke"])
    def test_an_origin_with_garbage_does_not_read_every_registration(
        self, app: flask.Flask, shebao: Portal, path: str
    ) -> None:
        def ask() -> None:
            app.test_client().post(
                path,
                data={"token": "x", "access_token": "x"},
                headers={"Origin": "https://evil.test"},
            )

        with _Cost(app) as cost:
            for _ in range(3):
                thread = threading.Thread(target=ask)  # it has seen no epoch yet
                thread.start()
                thread.join()

        assert cost.sql <= 2, cost.sql

    def test_unknown_clients_do_not_drive_known_ones_out_of_memory(
        self, app: flask.Flask, shebao: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clients, "_CACHE_SIZE", 5)
        http = app.test_client()
        http.get(shebao.url())

        for n in range(20):
            http.get(shebao.url(client_id=f"unknown-{n}"))
        with _Cost(app) as cost:
            http.get(shebao.url())

        assert cost.sql == 0

    @pytest.mark.parametrize("client_id", ["a" * 100_000, "a\0b", "局"])
    def test_a_name_no_client_can_have_is_not_looked_for(
        self, app: flask.Flask, shebao: Portal, client_id: str
    ) -> None:
        http = app.test_client()
        http.get(shebao.url())

        with _Cost(app) as cost:
            answer = http.post("/oauth/authorize", data=shebao.asks(client_id=client_id))

        assert answer.status_code == 303
        assert cost.sql == 0
        with app.app_context():
            assert client_id not in clients._known().clients

    def _memory(self, app: flask.Flask) -> int:
        with app.app_context():
            return sum(redis.memory_usage(key) or 0 for key in redis.scan_iter("e:*"))

    def test_a_stranger_cannot_park_a_body_at_the_logout_endpoint(self, app: flask.Flask) -> None:
        before = self._memory(app)

        app.test_client().post("/oauth/logout", data={"x": "y" * 200_000})

        assert self._memory(app) - before < 20_000

    @pytest.mark.parametrize("name", ["rubbish", "state", "id_token_hint"])
    def test_a_stranger_cannot_park_a_body_at_the_authorization_endpoint(
        self, app: flask.Flask, shebao: Portal, name: str
    ) -> None:
        before = self._memory(app)

        answer = app.test_client().post(
            "/oauth/authorize", data=shebao.asks(**{name: "y" * 200_000})
        )
        app.test_client().get(answer.headers["Location"])

        assert self._memory(app) - before < 20_000


class TestLevels:
    def test_an_essential_level_nobody_knows_is_refused(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)
        claims = '{"id_token":{"acr":{"essential":true,"values":["urn:example:gold"]}}}'

        wang.opens(shebao.url(claims=claims))

        assert wang.arrived["error"] == "unmet_authentication_requirements"

    def test_an_old_proof_does_not_make_a_fresh_sign_in_stronger(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        """One factor hours ago and the other now, by whoever is at the browser now."""
        shebao.tokens_for(wang)
        with app.app_context():
            ref = next(iter(stored.refs_of(wang.account_id)))
            key = f"{{{ref[:2]}}}s:{ref[2:]}"
            core = orjson.loads(redis.hget(key, "core"))
            core["proofs"] = {"sms": time.time() - 6 * 3600}
            redis.hset(key, "core", orjson.dumps(core))

        tokens = shebao.tokens_for(wang, prompt="login")

        claims = shebao.reads(tokens["id_token"])
        assert (claims["acr"], claims["amr"]) == ("ial1.aal1", ["pwd"])


class TestFamilies:
    def test_whoever_finds_a_spent_code_of_a_public_client_ends_nothing(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        spa = register("spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"])
        wang.opens(spa.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        tokens = spa.redeems(code).json

        spa.redeems(code, code_verifier="a" * 43)
        spa.redeems(code, code_verifier=None)
        assert spa.userinfo(tokens["access_token"]).status_code == 200

        spa.redeems(code)
        assert spa.userinfo(tokens["access_token"]).status_code == 401


class TestClients:
    def test_changes_told_out_of_order_leave_nothing_stale(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        """Two operators at once: the first commits, the second does and tells, then the first."""
        with app.app_context():
            first = clients.advance_epoch()
            db.session.commit()
            clients.find("shebao", first)  # another process reads now, under the first
            clients._known().clients["shebao"] = (
                first,
                clients.find("shebao", first),
            )
            standing.stop_client("shebao", "leaked")
            clients.publish_epoch(first)

        assert wang.opens(shebao.url()).page.request.path.startswith("/error/")

    def test_a_change_nobody_was_told_of_is_told_by_the_worker(
        self, app: flask.Flask, wang: Person, shebao: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app.test_client().get(shebao.url())

        def dies(*_: Any, **__: Any) -> None:
            raise ConnectionError("the process was killed here")

        with app.app_context():
            monkeypatch.setattr(clients, "publish_epoch", dies)
            with pytest.raises(ConnectionError):
                standing.stop_client("shebao", "leaked")
            monkeypatch.undo()
        with app.app_context():
            for row in db.session.query(outbox.OutboxMessage):
                row.due_at = row.created_at
            db.session.commit()
            deliveries.deliver_due()

        assert wang.opens(shebao.url()).page.request.path.startswith("/error/")

    def test_a_slow_key_address_is_asked_once_however_many_strangers_knock(
        self, app: flask.Flask, register: Callable[..., Portal]
    ) -> None:
        register(
            "slow",
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri="https://slow.test/jwks.json",
        )
        asked: list[float] = []

        def slow(host: str, port: int) -> list[str]:
            asked.append(time.monotonic())
            time.sleep(0.3)
            return []

        app.extensions["idp"].outbound._resolve = slow
        client_keys._fetched.clear()

        all_at_once(8, lambda: knock(app, "slow"))

        assert len(asked) == 1, len(asked)

    def test_a_portal_that_comes_with_many_requests_at_once_is_served(
        self, app: flask.Flask, register: Callable[..., Portal]
    ) -> None:
        """Its keys are asked for once, and whoever comes meanwhile waits a moment."""
        key = ECKey.generate_key("P-256", {"kid": "new"})
        register(
            "busy",
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri="https://busy.test/jwks.json",
            grant_types=["client_credentials"],
        )
        asked: list[str] = []

        def get(uri: str) -> Answer:
            asked.append(uri)
            time.sleep(0.05)
            return Answer(200, {}, orjson.dumps({"keys": [key.as_dict(private=False)]}))

        app.extensions["idp"].outbound.foreign_get = get
        client_keys._fetched.clear()
        statuses: list[int] = []

        all_at_once(8, lambda: statuses.append(knock(app, "busy", key).status_code))

        assert statuses == [200] * 8
        assert len(asked) == 1

    def test_slow_key_addresses_keep_a_quarter_of_the_threads_and_no_more(
        self, app: flask.Flask, register: Callable[..., Portal]
    ) -> None:
        names = [f"slow{n}" for n in range(6)]
        for name in names:
            register(
                name,
                token_endpoint_auth_method="private_key_jwt",
                jwks_uri=f"https://{name}.test/jwks.json",
            )
        answers: list[tuple[int, float]] = []

        def slow(host: str, port: int) -> list[str]:
            time.sleep(1.0)
            return []

        app.extensions["idp"].outbound._resolve = slow
        client_keys._fetched.clear()
        left = iter(names)

        def timed() -> None:
            begun = time.monotonic()
            status = knock(app, next(left)).status_code
            answers.append((status, time.monotonic() - begun))

        all_at_once(len(names), timed)

        held = [status for status, took in answers if took > 0.9]
        assert held == [401] * (app.extensions["settings"].serve.threads // 4)
        assert {status for status, took in answers if took <= 0.9} == {503}


def knock(app: flask.Flask, client_id: str, key: ECKey | None = None) -> Any:
    """A client with its key, or somebody who says to be it, under a key id nobody has seen."""
    now = int(time.time())
    claims = {
        **{"iss": client_id, "sub": client_id, "aud": app.extensions["settings"].issuer},
        **{"iat": now, "exp": now + 60, "jti": secrets.token_hex(8)},
    }
    assertion = jws.serialize_compact(
        {"alg": "ES256", "kid": key.kid if key else "whatever"},
        orjson.dumps(claims),
        key or ECKey.generate_key("P-256"),
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    return app.test_client().post("/oauth/token", data=form)


def all_at_once(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestOutbox:
    def test_a_portal_that_does_not_answer_holds_up_no_cut(
        self, app: flask.Flask, wang: Person, shebao: Portal, register: Callable[..., Portal]
    ) -> None:
        register("dead", backchannel_logout_uri="https://dead.test/bye")

        def nowhere(host: str, port: int) -> list[str]:
            return []

        app.extensions["idp"].outbound._resolve = nowhere
        with app.app_context():
            for n in range(60):
                outbox.add("backchannel-logout", {"client_id": "dead", "sub": "s", "sid": str(n)})
            db.session.commit()
            cut = outbox.add("session-cut", {"refs": [], "keep_offline": True})
            db.session.commit()
            cut_id = cut.id
            deliveries.deliver_due()
            db.session.expire_all()
            assert db.session.get(outbox.OutboxMessage, cut_id).state == outbox.DONE

    def test_a_slow_portal_keeps_no_connection_to_sql(
        self, app: flask.Flask, register: Callable[..., Portal]
    ) -> None:
        register("dead", backchannel_logout_uri="https://dead.test/bye")
        held: list[int] = []
        with app.app_context():
            pool = db.engine.pool
            outbox.add("backchannel-logout", {"client_id": "dead", "sub": "s", "sid": "1"})
            db.session.commit()

        def nowhere(host: str, port: int) -> list[str]:
            held.append(pool.checkedout())
            return []

        app.extensions["idp"].outbound._resolve = nowhere
        with app.app_context():
            deliveries.deliver_due()

        assert held == [0]

    def test_a_message_nobody_understands_stops_no_round_and_comes_later_and_later(
        self, app: flask.Flask
    ) -> None:
        with app.app_context():
            message = outbox.add("of-a-later-release", {})
            db.session.commit()
            message_id = message.id
            for _ in range(5):
                found = db.session.get(outbox.OutboxMessage, message_id)
                found.due_at = found.created_at
                db.session.commit()
                deliveries.deliver_due()
                db.session.expire_all()
            found = db.session.get(outbox.OutboxMessage, message_id)
            assert (found.due_at - now()).total_seconds() > 200


class TestSessions:
    def test_a_session_ended_while_its_person_proves_more_stays_ended(
        self, app: flask.Flask, wang: Person, shebao: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shebao.tokens_for(wang)
        with app.app_context():
            ref = next(iter(stored.refs_of(wang.account_id)))
        real = stored.renew

        def cut_first(write: stored.Write) -> bool:
            stored.cut(ref, keep_offline=False)
            return real(write)

        monkeypatch.setattr(stored, "renew", cut_first)
        wang.opens(shebao.url(prompt="login")).signs_in()

        with app.app_context():
            assert not stored.read_many([ref])
