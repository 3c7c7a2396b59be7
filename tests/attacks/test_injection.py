"""What strangers write stays in its place: in headers, in the log, in the trail."""

import flask
import orjson
import pytest

from idp import settings
from idp.audit import streams
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.actors import Citizen
from tests.attacks.hostile import LINE_BREAKS
from tests.attacks.people import GOOD, Citizens
from tests.oidc.actors import Person, Portal
from tests.oidc.conftest import register, shebao

__all__ = ["register", "shebao"]

FORGED = "X-Forged: yes"
LINE = '{"level":"info","event":"forged"}'


def asks(person: Person, portal: Portal, text: str) -> None:
    """Put ``text`` wherever a request has room for it."""
    for name in ("state", "nonce", "scope", "login_hint", "ui_locales", "client_id", "acr_values"):
        person.opens(portal.url(**{name: f"openid{text}"}), follow=False)
        _no_header(person)
        person.opens(portal.url(prompt="none", **{name: f"openid{text}"}), follow=False)
        _no_header(person)
    portal.redeems(f"code{text}")
    portal.refreshes(f"token{text}")
    portal.calls("/oauth/introspect", token=text, token_type_hint=text)
    portal.calls("/oauth/token", grant_type=text)
    person.page = person.browser.post("/oauth/logout", data={"state": text, "client_id": text})
    _no_header(person)
    path = f"/x{text}".encode().decode("latin-1")  # as WSGI has it
    person.page = person.browser.get("/", environ_overrides={"PATH_INFO": path})
    _no_header(person)


def _no_header(person: Person) -> None:
    assert "X-Forged" not in person.page.headers
    assert "\n" not in person.page.headers.get("Location", "")
    assert "\r" not in person.page.headers.get("Location", "")


@pytest.mark.parametrize("end", LINE_BREAKS, ids=repr)
def test_no_line_break_makes_a_header_or_a_log_line(
    app: flask.Flask, shebao: Portal, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    capsys.readouterr()

    asks(Person(app, "", ""), shebao, f"{end}{FORGED}{end}{LINE}")

    lines = capsys.readouterr().err.split("\n")
    assert len(lines) > 10
    for line in filter(None, lines):
        assert orjson.loads(line)["event"] != "forged"
        assert "X-Forged" not in line


class TestInPlainText:
    @pytest.fixture
    def configured(self, configured: settings.Settings) -> settings.Settings:
        return configured.model_copy(update={"log_format": "text"})

    @pytest.mark.parametrize("end", ["\r\n", "\n", "\x1b[2K", "\u2028"], ids=repr)
    def test_no_line_is_forged_for_who_reads_along(
        self, app: flask.Flask, shebao: Portal, capsys: pytest.CaptureFixture[str], end: str
    ) -> None:
        capsys.readouterr()

        asks(Person(app, "", ""), shebao, f"{end}{FORGED}{end}forged")

        for line in capsys.readouterr().err.splitlines():
            assert "forged" not in line
            assert "\x1b[2K" not in line


@pytest.mark.parametrize("header", ["User-Agent", "Referer", "Accept-Language", "X-Request-Id"])
def test_no_header_is_repeated_in_the_log(
    app: flask.Flask, capsys: pytest.CaptureFixture[str], header: str
) -> None:
    app.test_client().get("/login/", headers={header: "zh-forged'\"><script>" + LINE})

    assert "forged" not in capsys.readouterr().err


def test_the_trail_holds_what_a_failing_stranger_typed_nowhere(
    app: flask.Flask, citizens: Citizens
) -> None:
    typed = "nobody<script>forged"
    citizens("13700000000").tries_password(typed, "wrong password forged")

    with app.app_context():
        streams.copy_streams()
        rows = list(db.session.scalars(db.select(AuditEvent)))
        assert rows
        assert not [each for each in rows if "forged" in str(vars(each))]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "%(x)s"])
def test_what_was_typed_is_shown_as_text(citizens: Citizens, text: str) -> None:
    citizen = citizens("13700000000").tries_password(text, "wrong password")

    assert text not in citizen.text or text in {"{{7*7}}", "%(x)s"}
    assert "49" not in citizen.text.partition('name="username"')[2][:80]


SQL = ["' OR '1'='1", "wang_xm' --", "wang_xm'; DROP TABLE account; --", "\\' OR 1=1 #", "%", "_%"]


def test_no_field_is_read_as_sql(wang: Citizen, citizens: Citizens, shebao: Portal) -> None:
    for number, text in enumerate(SQL):
        stranger = citizens(f"1370000{number:04}", address=f"198.51.{number}.1")
        stranger.signs_in_by_password(text, GOOD)
        assert stranger.status == 400, text
        stranger.visits("/login/?m=sms").submits("send-code", phone=text)
        assert stranger.status == 400, text
        stranger.visits(shebao.url(client_id=text))
        assert stranger.at.startswith("/error/HT-1001"), text
        assert shebao.calls("/oauth/introspect", token=text).json == {"active": False}

    assert wang.visits("/account/").at == "/account/"
    wang.visits("/account/sessions").posts("/account/sessions/end", session="x' OR '1'='1")
    assert wang.visits("/account/").at == "/account/"
