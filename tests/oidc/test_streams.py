"""Event streams as a portal has them (protocol.md §3.7; SSF 1.0, RFC 8935, RFC 8936, CAEP)."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import flask
import orjson
import pytest
import time_machine
from joserfc import jws
from joserfc.jwk import KeySet

from idp import freezing, settings, standing, stops
from idp.audit import events as audited
from idp.audit import log
from idp.audit.events import EVENTS
from idp.signals import deliveries, pushing, sets, telling
from idp.staff import Act
from idp.store import outbox, streams
from idp.store.engines import db
from tests.engines import pairs
from tests.oidc.actors import EVERYTHING, Person, Portal

BY = Act("4401-0001", "court order")
PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
ISSUER = "http://localhost:8000"


@pytest.fixture
def configured(engines: pairs.Engines) -> settings.Settings:
    """The foreign door may reach receivers of this test on loopback."""
    development = {"allow_loopback": True}
    return settings.load(environment="testing", development=development, **engines.settings)


class Receiver:
    """Where a portal has events pushed to; answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((body, dict(self.headers)))
                status, said = receiver.answers.pop(0) if receiver.answers else (202, b"")
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Stream:
    """A portal's dealings with its stream."""

    def __init__(self, portal: Portal, scope: str = "ssf.manage"):
        self.portal, self.app = portal, portal.app
        form = {"grant_type": "client_credentials", "scope": scope}
        self.token = portal.calls("/oauth/token", **form).get_json()["access_token"]
        self.id = ""

    def asks(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.portal.http.open(
            path, method=method, json=body, query_string=query, headers=headers
        )

    def begins(self, **more: Any) -> Any:
        answer = self.asks("POST", "/ssf/streams", more)
        self.id = answer.get_json().get("stream_id", "")
        return answer

    def pushed_to(self, receiver: Receiver, **more: Any) -> "Stream":
        delivery = {
            "method": PUSH,
            "endpoint_url": receiver.url,
            "authorization_header": "Bearer mine",
        }
        assert self.begins(delivery=delivery, **more).status_code == 201
        return self

    def polls(self, **more: Any) -> dict[str, Any]:
        answer = self.asks("POST", f"/ssf/poll/{self.id}", {"returnImmediately": True, **more})
        found: dict[str, Any] = answer.get_json()
        return found

    def reads(self, token: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(self.portal.http.get("/jwks.json").get_json())
        found = jws.deserialize_compact(token, keys, algorithms=["RS256", "ES256"])
        self.header = found.headers()
        claims: dict[str, Any] = orjson.loads(found.payload)
        return claims

    def waiting(self) -> list[dict[str, Any]]:
        return [self.reads(token) for token in self.polls()["sets"].values()]


def delivers(app: flask.Flask) -> None:
    with app.app_context():
        while deliveries.deliver_due():
            pass


@pytest.fixture
def tax(register: Callable[..., Portal]) -> Portal:
    return register(
        "tax",
        grant_types=["authorization_code", "client_credentials"],
        scope=f"{EVERYTHING} ssf.manage ssf.read",
        id_token_signed_response_alg="RS256",
    )


@pytest.fixture
def stream(tax: Portal) -> Stream:
    made = Stream(tax)
    assert made.begins().status_code == 201
    return made


def stop(app: flask.Flask, wang: Person) -> None:
    with app.app_context():
        stops.stop(wang.account_id, stops.OTHER, BY)


class TestMetadata:
    def test_says_what_the_specification_lists(self, tax: Portal) -> None:
        found = tax.http.get("/.well-known/ssf-configuration").get_json()

        assert (found["issuer"], found["spec_version"]) == (ISSUER, "1_0")
        assert found["delivery_methods_supported"] == [PUSH, POLL]
        assert found["authorization_schemes"] == [{"spec_urn": "urn:ietf:rfc:6749"}]
        assert found["default_subjects"] == "ALL"
        ends = [name for name in found if name.endswith("_endpoint")]
        assert len(ends) == 5 and all(found[name].startswith(ISSUER) for name in ends)

    def test_the_scopes_are_on_offer(self, tax: Portal) -> None:
        found = tax.http.get("/.well-known/openid-configuration").get_json()

        assert {"ssf.manage", "ssf.read"} <= set(found["scopes_supported"])


class TestStreams:
    def test_a_stream_is_made_shown_changed_and_taken_away(self, tax: Portal) -> None:
        stream = Stream(tax)
        made = stream.begins(events_requested=[sets.SESSION_REVOKED, "https://else.test/event"])
        assert made.status_code == 201
        told = made.get_json()
        assert (told["iss"], told["aud"]) == (ISSUER, "tax")
        assert told["events_delivered"] == [sets.SESSION_REVOKED]
        assert told["delivery"] == {
            "method": POLL,
            "endpoint_url": f"{ISSUER}/ssf/poll/{stream.id}",
        }

        assert stream.asks("GET", "/ssf/streams", stream_id=stream.id).get_json() == told
        assert stream.asks("GET", "/ssf/streams").get_json() == [told]
        changed = stream.asks(
            "PATCH", "/ssf/streams", {"stream_id": stream.id, "description": "税务"}
        ).get_json()
        assert changed == told | {"description": "税务"}
        replaced = stream.asks("PUT", "/ssf/streams", {"stream_id": stream.id}).get_json()
        assert "description" not in replaced and "events_requested" not in replaced
        assert stream.asks("DELETE", "/ssf/streams", stream_id=stream.id).status_code == 204
        assert stream.asks("GET", "/ssf/streams", stream_id=stream.id).status_code == 404
        assert stream.asks("DELETE", "/ssf/streams", stream_id=stream.id).status_code == 404

    def test_a_receiver_has_one(self, stream: Stream) -> None:
        assert stream.asks("POST", "/ssf/streams", {}).status_code == 409

    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    def test_what_is_not_there_cannot_be_changed(self, stream: Stream, method: str) -> None:
        assert stream.asks(method, "/ssf/streams", {"stream_id": "none"}).status_code == 404
        assert stream.asks(method, "/ssf/streams", {}).status_code == 400

    @pytest.mark.parametrize(
        "asked",
        [
            {"delivery": "push"},
            {"delivery": {"method": "urn:ietf:rfc:1"}},
            {"delivery": {"method": PUSH}},
            {"delivery": {"method": PUSH, "endpoint_url": "ftp://tax.test/"}},
            {"delivery": {"method": PUSH, "endpoint_url": "http://tax.test/"}},
            {
                "delivery": {
                    "method": PUSH,
                    "endpoint_url": "https://tax.test/",
                    "authorization_header": "a\r\nHost: b",
                }
            },
            {"events_requested": "all"},
            {"events_requested": [1]},
            {"events_requested": ["x"] * 65},
            {"description": 1},
            {"description": "x" * 1025},
        ],
    )
    def test_what_makes_no_sense_is_refused_and_changes_nothing(
        self, stream: Stream, asked: dict[str, Any]
    ) -> None:
        before = stream.asks("GET", "/ssf/streams").get_json()

        answer = stream.asks("PATCH", "/ssf/streams", {"stream_id": stream.id, **asked})

        assert (answer.status_code, answer.get_json()["err"]) == (400, "invalid_request")
        assert stream.asks("GET", "/ssf/streams").get_json() == before

    @pytest.mark.parametrize("body", [b"", b"x", b"[]", b'"x"', b"\xff"])
    def test_a_body_that_is_no_object_is_refused(self, stream: Stream, body: bytes) -> None:
        answer = stream.portal.http.post(
            "/ssf/status", data=body, headers={"Authorization": f"Bearer {stream.token}"}
        )

        assert answer.status_code == 400

    def test_what_is_ours_cannot_be_set(self, stream: Stream) -> None:
        asked = {"stream_id": stream.id, "aud": "another"}

        assert stream.asks("PATCH", "/ssf/streams", asked).status_code == 400
        assert stream.asks("PUT", "/ssf/streams", asked).status_code == 400

    def test_what_one_was_shown_may_be_sent_back(self, stream: Stream) -> None:
        shown = stream.asks("GET", "/ssf/streams").get_json()[0]

        assert stream.asks("PUT", "/ssf/streams", shown).get_json()["stream_id"] == stream.id


class TestWho:
    @pytest.mark.parametrize("header", ["", "Bearer guessed", "Basic eA==", "Bearer"])
    def test_without_a_good_token_nothing_is_done(self, stream: Stream, header: str) -> None:
        for method, path in (
            ("POST", "/ssf/streams"),
            ("GET", "/ssf/streams"),
            ("DELETE", "/ssf/streams"),
            ("POST", "/ssf/verify"),
            ("POST", f"/ssf/poll/{stream.id}"),
        ):
            answer = stream.portal.http.open(path, method=method, headers={"Authorization": header})
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")

    def test_another_portal_s_stream_is_not_there(
        self, stream: Stream, register: Callable[..., Portal]
    ) -> None:
        other = Stream(
            register(
                "shuiwu", grant_types=["client_credentials"], redirect_uris=[], scope="ssf.manage"
            )
        )

        assert other.asks("GET", "/ssf/streams").get_json() == []
        assert other.asks("GET", "/ssf/streams", stream_id=stream.id).status_code == 404
        assert other.asks("DELETE", "/ssf/streams", stream_id=stream.id).status_code == 404
        assert other.asks("POST", f"/ssf/poll/{stream.id}", {}).status_code == 404

    def test_who_may_read_may_not_change(self, stream: Stream) -> None:
        reader = Stream(stream.portal, "ssf.read")

        assert reader.asks("GET", "/ssf/streams").status_code == 200
        refused = reader.asks("DELETE", "/ssf/streams", stream_id=stream.id)
        assert (refused.status_code, refused.get_json()["err"]) == (403, "access_denied")

    def test_a_person_s_token_opens_no_stream(self, tax: Portal, wang: Person) -> None:
        answer = tax.tokens_for(wang, scope="openid ssf.manage")
        made = tax.http.post(
            "/ssf/streams", json={}, headers={"Authorization": f"Bearer {answer['access_token']}"}
        )

        assert made.status_code == 401

    def test_a_portal_without_the_scope_gets_no_token_for_it(
        self, register: Callable[..., Portal]
    ) -> None:
        plain = register(
            "plain", grant_types=["client_credentials"], redirect_uris=[], scope="report"
        )
        form = {"grant_type": "client_credentials", "scope": "ssf.manage report"}

        assert plain.calls("/oauth/token", **form).get_json()["scope"] == "report"


class TestEvents:
    def test_a_stopped_account_is_told_to_the_portals_that_know_it(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        claims = tax.reads(tax.tokens_for(wang)["id_token"])
        stop(app, wang)
        delivers(app)

        told = {next(iter(each["events"])): each for each in stream.waiting()}

        assert set(told) == {sets.ACCOUNT_DISABLED, sets.SESSION_REVOKED}
        disabled = told[sets.ACCOUNT_DISABLED]
        assert disabled["sub_id"] == {"format": "iss_sub", "iss": ISSUER, "sub": claims["sub"]}
        session = told[sets.SESSION_REVOKED]
        assert session["sub_id"]["session"]["id"] == claims["sid"]
        assert session["events"][sets.SESSION_REVOKED]["initiating_entity"] == "admin"

    def test_an_event_is_signed_as_the_specification_lists(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        told = stream.waiting()[0]

        assert stream.header["typ"] == "secevent+jwt"
        assert stream.header["alg"] == "RS256", "as the portal registered"
        assert (told["iss"], told["aud"]) == (ISSUER, "tax")
        assert not {"sub", "exp", "nonce"} & set(told)
        assert len(told["events"]) == 1
        assert told["jti"] and told["txn"] and abs(told["iat"] - time.time()) < 5

    def test_of_strangers_nothing_is_said(
        self, app: flask.Flask, stream: Stream, wang: Person
    ) -> None:
        stop(app, wang)
        delivers(app)

        assert stream.waiting() == []

    def test_who_does_not_listen_is_told_nothing(
        self, app: flask.Flask, tax: Portal, shebao: Portal, stream: Stream, wang: Person
    ) -> None:
        shebao.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        assert stream.waiting() == []

    def test_only_what_was_asked_for_is_sent(
        self, app: flask.Flask, tax: Portal, wang: Person
    ) -> None:
        stream = Stream(tax)
        stream.begins(events_requested=[sets.ACCOUNT_DISABLED])
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        assert [[*each["events"]] for each in stream.waiting()] == [[sets.ACCOUNT_DISABLED]]

    def test_nothing_is_said_of_who_was_taken_off_the_stream(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        sub = tax.reads(tax.tokens_for(wang)["id_token"])["sub"]
        subject = {"format": "iss_sub", "iss": ISSUER, "sub": sub}
        asked = {"stream_id": stream.id, "subject": subject}
        assert stream.asks("POST", "/ssf/subjects/remove", asked).status_code == 204
        stop(app, wang)
        delivers(app)
        assert stream.waiting() == []

        assert stream.asks("POST", "/ssf/subjects/add", asked).status_code == 200
        with app.app_context():
            stops.lift(wang.account_id, BY)
        delivers(app)
        assert [[*each["events"]] for each in stream.waiting()] == [[sets.ACCOUNT_ENABLED]]

    @pytest.mark.parametrize(
        "subject",
        [
            {"format": "email", "email": "wang@example.com"},
            {"format": "iss_sub", "iss": "https://else.test", "sub": "x"},
            {"format": "iss_sub", "iss": ISSUER, "sub": "nobody"},
        ],
    )
    def test_nobody_learns_from_subjects_who_exists(
        self, stream: Stream, subject: dict[str, str]
    ) -> None:
        asked = {"stream_id": stream.id, "subject": subject}

        assert stream.asks("POST", "/ssf/subjects/add", asked).status_code == 200
        assert stream.asks("POST", "/ssf/subjects/remove", asked).status_code == 204

    @pytest.mark.parametrize("subject", [None, "x", {}, {"format": 1}])
    def test_a_subject_that_is_none_is_refused(self, stream: Stream, subject: Any) -> None:
        asked = {"stream_id": stream.id, "subject": subject}

        assert stream.asks("POST", "/ssf/subjects/add", asked).status_code == 400

    def test_what_is_frozen_by_its_holder_was_hijacked(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        with app.app_context():
            log.record(audited.AccountFrozen(target=wang.account_id, reason=freezing.NOT_ME))
            db.session.commit()
        delivers(app)

        (told,) = stream.waiting()
        assert told["events"] == {sets.ACCOUNT_DISABLED: {"reason": "hijacking"}}

    def test_every_event_that_is_passed_on_has_words_and_no_other(self) -> None:
        assert {kind for kind in EVENTS if kind.passed_on is not None} == set(telling.WORDS)

    def test_who_signed_out_did_so_themselves(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        wang.opens("/oauth/logout").presses("logout-yes")
        delivers(app)

        (told,) = stream.waiting()
        assert told["events"][sets.SESSION_REVOKED]["initiating_entity"] == "user"

    def test_a_level_taken_away_is_told_on_our_own_scale(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        with app.app_context():
            log.record(audited.LevelLowered(target=wang.account_id, ial=1))
            db.session.commit()
        delivers(app)

        (told,) = stream.waiting()
        body = told["events"][sets.LEVEL_CHANGE]
        assert (body["namespace"], body["current_level"]) == (f"{ISSUER}/ns/ial", "ial1")
        assert body["change_direction"] == "decrease"

    def test_a_password_changed_is_a_credential_changed(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        with app.app_context():
            log.record(audited.PasswordSet(account=wang.account_id, first=False))
            db.session.commit()
        delivers(app)

        (told,) = stream.waiting()
        body = told["events"][sets.CREDENTIAL_CHANGE]
        assert (body["credential_type"], body["change_type"]) == ("password", "update")

    def test_where_nobody_listens_nothing_is_kept(
        self, app: flask.Flask, tax: Portal, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        stop(app, wang)

        with app.app_context():
            kinds = db.session.scalars(db.select(outbox.OutboxMessage.kind)).all()
            assert kinds.count("signal") == 1, "the session's own, for a portal that may listen"
        delivers(app)
        with app.app_context():
            assert db.session.scalars(db.select(streams.StreamEvent)).all() == []


class TestPolling:
    def test_what_is_acknowledged_does_not_come_again(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)
        first = stream.polls(maxEvents=1)
        assert first["moreAvailable"] is True
        (jti,) = first["sets"]

        second = stream.polls(ack=[jti])

        assert jti not in second["sets"] and len(second["sets"]) == 1
        refused = {each: {"err": "invalid_key", "description": "x"} for each in second["sets"]}
        assert stream.polls(setErrs=refused) == {"sets": {}}

    def test_what_is_not_acknowledged_comes_again_unchanged(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        assert stream.waiting() == stream.waiting()

    def test_acknowledging_alone_brings_nothing(
        self, app: flask.Flask, tax: Portal, stream: Stream, wang: Person
    ) -> None:
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        assert stream.polls(maxEvents=0, ack=["unknown"])["sets"] == {}

    @pytest.mark.parametrize(
        "asked", [{"ack": "x"}, {"setErrs": []}, {"maxEvents": -1}, {"maxEvents": "1"}]
    )
    def test_a_question_that_makes_no_sense_is_refused(
        self, stream: Stream, asked: dict[str, Any]
    ) -> None:
        assert stream.asks("POST", f"/ssf/poll/{stream.id}", asked).status_code == 400

    def test_a_pushed_stream_is_not_polled(self, tax: Portal, receiver: Receiver) -> None:
        stream = Stream(tax).pushed_to(receiver)

        assert stream.asks("POST", f"/ssf/poll/{stream.id}", {}).status_code == 400


class TestPushing:
    def test_an_event_comes_with_the_receiver_s_own_header(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        stream = Stream(tax).pushed_to(receiver)
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)

        assert len(receiver.got) == 2
        token, headers = receiver.got[0]
        assert headers["Content-Type"] == "application/secevent+jwt"
        assert headers["Authorization"] == "Bearer mine"
        assert stream.reads(token)["aud"] == "tax"

    def test_what_was_not_taken_is_sent_again_the_same(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        stream = Stream(tax).pushed_to(receiver, events_requested=[sets.ACCOUNT_DISABLED])
        tax.tokens_for(wang)
        receiver.answers = [(500, b""), (400, b'{"err":"invalid_key","description":"x"}')]
        stop(app, wang)
        delivers(app)
        with time_machine.travel(timedelta(seconds=3)):
            delivers(app)
        with time_machine.travel(timedelta(seconds=30)):
            delivers(app)

        said = [stream.reads(token) for token, _ in receiver.got]
        assert len(said) == 3 and said[0] == said[1] == said[2]
        with app.app_context():
            tries = db.session.scalars(
                db.select(outbox.OutboxTry.outcome)
                .join(outbox.OutboxMessage)
                .where(outbox.OutboxMessage.kind == "signal-push")
                .order_by(outbox.OutboxTry.id)
            ).all()
        assert tries == ["HTTP 500", "HTTP 400 invalid_key", "HTTP 202"]

    def test_after_a_week_it_is_sent_no_more(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        Stream(tax).pushed_to(receiver, events_requested=[sets.ACCOUNT_DISABLED])
        tax.tokens_for(wang)
        receiver.answers = [(500, b"")]
        stop(app, wang)
        delivers(app)
        with time_machine.travel(pushing.KEEP + timedelta(minutes=1)):
            delivers(app)

        assert len(receiver.got) == 1

    def test_a_paused_stream_holds_and_goes_on_where_it_was(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        stream = Stream(tax).pushed_to(receiver, events_requested=[sets.ACCOUNT_DISABLED])
        paused = {"stream_id": stream.id, "status": "paused", "reason": "upgrade"}
        assert stream.asks("POST", "/ssf/status", paused).get_json() == paused
        assert stream.asks("GET", "/ssf/status", stream_id=stream.id).get_json() == paused
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)
        assert receiver.got == []

        stream.asks("POST", "/ssf/status", {"stream_id": stream.id, "status": "enabled"})
        delivers(app)

        assert len(receiver.got) == 1

    def test_for_a_disabled_stream_nothing_is_held(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        stream = Stream(tax).pushed_to(receiver)
        stream.asks("POST", "/ssf/status", {"stream_id": stream.id, "status": "disabled"})
        tax.tokens_for(wang)
        stop(app, wang)
        delivers(app)
        stream.asks("POST", "/ssf/status", {"stream_id": stream.id, "status": "enabled"})
        delivers(app)

        assert receiver.got == []

    def test_changes_cannot_be_made_all_the_time(self, stream: Stream) -> None:
        """Each may have all that waits sent anew."""
        asked = {"stream_id": stream.id, "status": "enabled"}
        answers = [stream.asks("POST", "/ssf/status", asked).status_code for _ in range(61)]

        assert answers == [200] * 60 + [429]

    @pytest.mark.parametrize(
        "asked", [{}, {"status": "off"}, {"status": 1}, {"status": "paused", "reason": 1}]
    )
    def test_a_status_that_is_none_is_refused(self, stream: Stream, asked: dict[str, Any]) -> None:
        answer = stream.asks("POST", "/ssf/status", {"stream_id": stream.id, **asked})

        assert answer.status_code == 400

    def test_a_stopped_portal_is_told_nothing_more(
        self, app: flask.Flask, tax: Portal, receiver: Receiver, wang: Person
    ) -> None:
        Stream(tax).pushed_to(receiver)
        tax.tokens_for(wang)
        with app.app_context():
            standing.stop_client("tax", "x")
        stop(app, wang)
        delivers(app)

        assert receiver.got == []


class TestVerification:
    def test_the_receiver_s_own_words_come_back(
        self, app: flask.Flask, tax: Portal, receiver: Receiver
    ) -> None:
        stream = Stream(tax).pushed_to(receiver)
        asked = {"stream_id": stream.id, "state": "s-1"}

        assert stream.asks("POST", "/ssf/verify", asked).status_code == 204
        delivers(app)

        told = stream.reads(receiver.got[0][0])
        assert told["events"] == {sets.VERIFICATION: {"state": "s-1"}}
        assert told["sub_id"] == {"format": "opaque", "id": stream.id}

    def test_it_cannot_be_asked_for_all_the_time(self, stream: Stream) -> None:
        asked = {"stream_id": stream.id}
        assert stream.asks("POST", "/ssf/verify", asked).status_code == 204

        assert stream.asks("POST", "/ssf/verify", asked).status_code == 429

    def test_a_quiet_stream_shows_that_it_is_alive(
        self, app: flask.Flask, tax: Portal, receiver: Receiver
    ) -> None:
        stream = Stream(tax).pushed_to(receiver)
        every = timedelta(minutes=5)
        with app.app_context():
            assert telling.heartbeat(ISSUER, every) == 0
            with time_machine.travel(every + timedelta(seconds=1)):
                assert telling.heartbeat(ISSUER, every) == 1
                assert telling.heartbeat(ISSUER, every) == 0
                db.session.commit()
                delivers(app)
            receiver.answers = [(500, b"")] * 9
            for n in (3, 4, 5):
                with time_machine.travel(n * every):
                    telling.heartbeat(ISSUER, every)
                    db.session.commit()
                    delivers(app)
            waiting = db.select(streams.StreamEvent).filter_by(settled_at=None)
            assert len(db.session.scalars(waiting).all()) == 1, "nothing is heaped up"

        assert [*stream.reads(receiver.got[0][0])["events"]] == [sets.VERIFICATION]
