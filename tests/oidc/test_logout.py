"""Signing out (protocol.md §3.4; RP-Initiated, Front-Channel and Back-Channel Logout 1.0)."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import flask
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from idp import settings, standing
from idp.signals import deliveries
from idp.store import outbox
from idp.store.engines import db
from tests.engines import pairs
from tests.oidc.actors import Person, Portal

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def configured(engines: pairs.Engines) -> settings.Settings:
    """The foreign door may reach listeners of this test on loopback."""
    development = {"allow_loopback": True}
    return settings.load(environment="testing", development=development, **engines.settings)


class Listener:
    """A portal's back channel: keeps what it is told, answers as it is told to."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.answers: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                listener.forms.append(parse_qs(body))
                listener.tokens.append(dict(parse_qsl(body))["logout_token"])
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/backchannel"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _deliver(app: flask.Flask) -> None:
    with app.app_context():
        deliveries.deliver_due()


def _logout(**params: str) -> str:
    return "/oauth/logout?" + urlencode(params)


class TestAskedByAPortal:
    def test_with_a_hint_of_this_session_it_happens_and_leads_back_with_the_state(
        self, wang: Person, shebao: Portal
    ) -> None:
        hint = shebao.tokens_for(wang)["id_token"]
        back = "https://shebao.test/bye"

        wang.opens(_logout(id_token_hint=hint, post_logout_redirect_uri=back, state="a b&c"))

        assert wang.page.status_code in {200, 303}
        shown = wang.page.text if wang.page.status_code == 200 else wang.page.headers["Location"]
        assert back + "?state=a+b%26c" in shown.replace("&amp;", "&")
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert wang.arrived["error"] == "login_required"

    def test_without_a_state_none_is_added(self, wang: Person, shebao: Portal) -> None:
        hint = shebao.tokens_for(wang)["id_token"]

        back = "https://shebao.test/bye"
        wang.opens(_logout(id_token_hint=hint, post_logout_redirect_uri=back))

        shown = wang.page.text if wang.page.status_code == 200 else wang.page.headers["Location"]
        assert back in shown
        assert "state" not in shown

    @pytest.mark.parametrize("params", [{}, {"state": "x"}, {"client_id": "shebao"}])
    def test_without_a_hint_the_person_is_asked(
        self, wang: Person, shebao: Portal, params: dict
    ) -> None:
        shebao.tokens_for(wang)

        wang.opens(_logout(**params))
        assert "logout-yes" in wang.page.text
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" in wang.arrived

        wang.opens(_logout(**params)).presses("logout-yes")
        assert "您已安全退出" in wang.page.text
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert wang.arrived["error"] == "login_required"

    def test_saying_no_keeps_everything(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)

        wang.opens(_logout()).presses("logout-no", follow=False)

        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" in wang.arrived

    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.test/",
            "https://shebao.test/bye?x=1",
            "https://shebao.test/bye/",
            "https://shebao.test/callback",
            "javascript:alert(1)",
        ],
    )
    def test_an_unregistered_address_is_never_followed(
        self, wang: Person, shebao: Portal, uri: str
    ) -> None:
        hint = shebao.tokens_for(wang)["id_token"]

        wang.opens(_logout(id_token_hint=hint, post_logout_redirect_uri=uri))

        assert wang.page.status_code == 400
        assert wang.page.request.path == "/error/HT-1005"
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" in wang.arrived

    def test_an_address_without_a_hint_is_not_followed(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)
        back = "https://shebao.test/bye"

        wang.opens(_logout(client_id="shebao", post_logout_redirect_uri=back))

        assert wang.page.status_code == 400

    def test_a_hint_we_did_not_make_is_refused(self, wang: Person, shebao: Portal) -> None:
        hint = shebao.tokens_for(wang)["id_token"]
        claims = shebao.reads(hint)
        mine = ECKey.generate_key("P-256")
        swapped = claims | {"iss": "shebao", "aud": "http://localhost:8000"}
        forged = [
            jwt.encode({"alg": "ES256"}, claims, mine, algorithms=["ES256"]),
            jwt.encode({"alg": "ES256"}, swapped, mine, algorithms=["ES256"]),
            "eyJhbGciOiJub25lIn0." + hint.split(".")[1] + ".",
            hint[:-6] + "AAAAAA",
            "nonsense",
        ]
        for bad in forged:
            wang.opens(_logout(id_token_hint=bad))
            assert wang.page.request.path == "/error/HT-1006"

        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" in wang.arrived

    def test_a_hint_of_another_session_asks_first(
        self, wang: Person, people: Callable[..., Person], shebao: Portal
    ) -> None:
        theirs = shebao.tokens_for(people("lisi"))["id_token"]
        shebao.tokens_for(wang)

        wang.opens(_logout(id_token_hint=theirs))

        assert "logout-yes" in wang.page.text

    @pytest.mark.parametrize("still", [True, False])
    def test_an_address_withdrawn_while_the_person_was_asked_is_not_followed(
        self,
        app: flask.Flask,
        wang: Person,
        people: Callable[..., Person],
        shebao: Portal,
        still: bool,
    ) -> None:
        theirs = shebao.tokens_for(people("lisi"))["id_token"]
        shebao.tokens_for(wang)
        back = "https://shebao.test/bye"
        wang.opens(_logout(id_token_hint=theirs, post_logout_redirect_uri=back, state="s"))
        if not still:
            with app.app_context():
                kept = ["https://shebao.test/elsewhere"]
                standing.change_client("shebao", {"post_logout_redirect_uris": kept})

        wang.presses("logout-yes", follow=False)

        assert (wang.page.headers.get("Location") == f"{back}?state=s") is still

    def test_a_cross_site_post_finds_the_session_by_a_get(
        self, wang: Person, shebao: Portal
    ) -> None:
        hint = shebao.tokens_for(wang)["id_token"]
        posted = wang.app.test_client().post("/oauth/logout", data={"id_token_hint": hint})
        assert posted.status_code == 303
        assert hint not in posted.headers["Location"]

        wang.opens(posted.headers["Location"])

        wang.opens(shebao.url(prompt="none"), follow=False)
        assert wang.arrived["error"] == "login_required"

    def test_somebody_signed_out_already_is_led_on(self, wang: Person, shebao: Portal) -> None:
        hint = shebao.tokens_for(wang)["id_token"]
        wang.opens(_logout(id_token_hint=hint))

        back = "https://shebao.test/bye"
        wang.opens(_logout(id_token_hint=hint, post_logout_redirect_uri=back))

        shown = wang.page.text if wang.page.status_code == 200 else wang.page.headers["Location"]
        assert back in shown

    def test_the_answer_needs_our_own_form(self, wang: Person, shebao: Portal) -> None:
        shebao.tokens_for(wang)

        forged = wang.browser.post("/oauth/logout/confirm", data={"decision": "yes"})

        assert forged.status_code == 400
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" in wang.arrived


def test_everywhere_ends_the_other_devices_too(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    shebao.tokens_for(wang)
    phone = Person(app, wang.account_id, wang.username)
    shebao.tokens_for(phone)

    wang.opens(_logout()).presses("logout-yes", scope="everywhere")

    phone.opens(shebao.url(prompt="none"), follow=False)
    assert phone.arrived["error"] == "login_required"


def test_here_leaves_the_other_devices_alone(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    shebao.tokens_for(wang)
    phone = Person(app, wang.account_id, wang.username)
    shebao.tokens_for(phone)

    wang.opens(_logout()).presses("logout-yes", scope="here")

    phone.opens(shebao.url(prompt="none"), follow=False)
    assert "code" in phone.arrived


def test_the_old_cookie_opens_nothing_after_signing_out(wang: Person, gjj: Portal) -> None:
    gjj.tokens_for(wang)
    cookie = wang.browser.get_cookie("hutong_sso")
    assert cookie is not None
    wang.opens(_logout()).presses("logout-yes")

    wang.browser.set_cookie("hutong_sso", cookie.value)
    wang.opens(gjj.url(prompt="none"), follow=False)

    assert wang.arrived["error"] == "login_required"


class TestFrontChannel:
    def test_each_portal_of_the_session_is_framed_with_issuer_and_sid(
        self, wang: Person, register: Callable[..., Portal], gjj: Portal
    ) -> None:
        uri = "https://front.test/frontchannel?x=1"
        front = register("front", frontchannel_logout_uri=uri)
        sid = front.reads(front.tokens_for(wang)["id_token"])["sid"]
        gjj.tokens_for(wang)

        wang.opens(_logout()).presses("logout-yes")

        frame = f"{uri}&iss=http%3A%2F%2Flocalhost%3A8000&sid={sid}"
        assert frame in wang.page.text.replace("&amp;", "&")
        policy = wang.page.headers["Content-Security-Policy"]
        assert "frame-src https://front.test" in policy
        assert "frame-src https://gjj.test" not in policy


class TestBackChannel:
    @pytest.fixture
    def back(self, register: Callable[..., Portal], listener: Listener) -> Portal:
        return register("back", backchannel_logout_uri=listener.uri)

    def test_the_token_says_exactly_what_the_specification_lists(
        self, app: flask.Flask, wang: Person, back: Portal, listener: Listener
    ) -> None:
        claims = back.reads(back.tokens_for(wang)["id_token"])
        wang.opens(_logout()).presses("logout-yes")

        _deliver(app)

        told = back.reads(listener.tokens[0])
        assert list(listener.forms[0]) == ["logout_token"]
        assert told["events"] == {EVENT: {}}
        assert (told["iss"], told["aud"]) == ("http://localhost:8000", "back")
        assert (told["sub"], told["sid"]) == (claims["sub"], claims["sid"])
        assert abs(told["iat"] - time.time()) < 5
        assert told["exp"] > told["iat"]
        assert told["jti"]
        assert "nonce" not in told
        assert back.header["alg"] == "ES256"

    def test_only_portals_of_that_session_are_told(
        self,
        wang: Person,
        register: Callable[..., Portal],
        app: flask.Flask,
        gjj: Portal,
        listener: Listener,
    ) -> None:
        register("idle", backchannel_logout_uri=listener.uri)
        gjj.tokens_for(wang)

        wang.opens(_logout()).presses("logout-yes")
        _deliver(app)

        assert listener.tokens == []

    def test_a_refused_notice_is_tried_again_with_a_new_token_and_recorded(
        self, app: flask.Flask, wang: Person, back: Portal, listener: Listener
    ) -> None:
        back.tokens_for(wang)
        listener.answers = [500, 200]
        wang.opens(_logout()).presses("logout-yes")

        _deliver(app)
        assert len(listener.tokens) == 1
        _hurry(app)
        _deliver(app)

        first, second = (back.reads(token) for token in listener.tokens)
        assert first["jti"] != second["jti"]
        with app.app_context():
            tries = db.session.scalars(select(outbox.OutboxTry)).all()
            outcomes = {each.outcome for each in tries}
        assert {"HTTP 500", "HTTP 200"} <= outcomes

    def test_a_notice_is_given_up_after_its_tries_and_that_is_recorded(
        self, app: flask.Flask, wang: Person, back: Portal, listener: Listener
    ) -> None:
        back.tokens_for(wang)
        listener.answers = [503] * 50
        wang.opens(_logout()).presses("logout-yes")

        for _ in range(len(deliveries.BACKOFF) + 3):
            _deliver(app)
            _hurry(app)

        assert len(listener.tokens) == len(deliveries.BACKOFF) + 1
        with app.app_context():
            states = set(db.session.scalars(select(outbox.OutboxMessage.state)))
        assert states == {outbox.DONE, outbox.GIVEN_UP}

    def test_two_workers_tell_a_portal_once(
        self, app: flask.Flask, wang: Person, back: Portal, listener: Listener
    ) -> None:
        back.tokens_for(wang)
        wang.opens(_logout()).presses("logout-yes")

        workers = [threading.Thread(target=_deliver, args=(app,)) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert len(listener.tokens) == 1

    def test_an_address_that_is_not_public_is_never_called(
        self, app: flask.Flask, wang: Person, register: Callable[..., Portal]
    ) -> None:
        inner = register("inner", backchannel_logout_uri="https://10.0.0.1/logout")
        inner.tokens_for(wang)
        wang.opens(_logout()).presses("logout-yes")

        _deliver(app)

        with app.app_context():
            outcomes = " ".join(db.session.scalars(select(outbox.OutboxTry.outcome)))
        assert "OutboundRefused" in outcomes

    def test_the_cut_itself_is_repeated_by_the_worker(
        self, app: flask.Flask, wang: Person, shebao: Portal
    ) -> None:
        """Whatever became of the process that ended the session, the worker makes it so."""
        shebao.tokens_for(wang)
        wang.opens(_logout()).presses("logout-yes")

        _hurry(app)
        _deliver(app)

        with app.app_context():
            kinds = dict(
                db.session.execute(
                    select(outbox.OutboxMessage.kind, outbox.OutboxMessage.state)
                ).all()
            )
        assert kinds["session-cut"] == outbox.DONE


def _hurry(app: flask.Flask) -> None:
    """Let the time of every waiting message come."""
    with app.app_context():
        for message in db.session.scalars(select(outbox.OutboxMessage)):
            message.due_at = message.created_at
        db.session.commit()


def test_where_the_browser_lands_is_never_another_host(wang: Person, shebao: Portal) -> None:
    hint = shebao.tokens_for(wang)["id_token"]

    wang.opens(_logout(id_token_hint=hint, state="//evil.test"))

    location = wang.page.headers.get("Location", "")
    assert urlsplit(location).netloc in {"", "shebao.test"}
