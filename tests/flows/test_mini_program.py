"""From a WeChat mini program into its web-view: as whom, and for nobody else."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from sqlalchemy import select

from idp import settings
from idp.store.engines import db, redis
from idp.store.linked import LinkedAccount
from sandbox.wechat import people
from sandbox.wechat.cgi import NUMBER
from sandbox.wechat.sns import LAUNCH
from tests import secrets_in_logs
from tests.actors import Citizen
from tests.flows.test_linked import Walker, Walkers, walkers, wang
from tests.oidc.actors import registered
from tests.registers import registers, tap
from tests.upstream.actors import IN_WECHAT, IN_WECOM, Holder
from tests.upstream.conftest import APPS, tables

__all__ = ["registers", "tap", "walkers", "wang"]

APP = APPS["mini_program"]
TICKET = "/login/mini-program/ticket"
IN_PROGRAM = f"{IN_WECHAT} MiniProgramEnv/android miniProgram/{APP}"
Citizens = Callable[..., Citizen]


@pytest.fixture
def apps() -> dict[str, str]:
    return APPS


@pytest.fixture
def configured(
    configured: settings.Settings, registers: flask.Flask, apps: dict[str, str]
) -> settings.Settings:
    upstream = settings.Upstream.model_validate(tables(registers, apps))
    return configured.model_copy(update={"upstream": upstream})


@pytest.fixture
def program(app: flask.Flask, registers: flask.Flask) -> Callable[..., Any]:
    """``program(number)`` is what a mini program hears when that person presses its button."""

    def asks(number: str, *, tells_number: bool = False, **more: str) -> Any:
        holder = Holder(registers, number)
        asked = {"code": holder.taps(APP, LAUNCH), **more}
        if tells_number:
            asked["phone_code"] = holder.taps(APP, NUMBER)
        return posts(app, asked)

    return asks


Program = Callable[..., Any]


def posts(app: flask.Flask, asked: object) -> Any:
    answer = app.test_client().post(TICKET, json=asked)
    if answer.status_code == 201:
        secrets_in_logs.remember(answer.json["url"].partition("ticket=")[2])
    return answer


def address(answer: Any) -> str:
    """What the web-view opens."""
    assert answer.status_code == 201, answer.text
    parts = urlsplit(answer.json["url"])
    return f"{parts.path}?{parts.query}"


class TestBound:
    def test_signs_in_where_they_said_yes_in_one_page(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        view = citizens(wang.citizen.number).visits(address(program(wang.citizen.number)))
        assert (view.at, view.status) == ("/login/mini-program", 200)
        assert "138****0001" in view.text
        assert "ticket" not in view.page.request.url  # type: ignore[union-attr]

        view.submits("login-submit")
        assert (view.at, view.status) == ("/account/", 200)
        assert "微信" in view.visits("/account/history").text

    def test_goes_on_to_the_portal_that_begins_there(
        self, app: flask.Flask, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        start = "https://shebao.test/login?from=mini"
        registered(app, "shebao", initiate_login_uri=start)
        url = address(program(wang.citizen.number, client_id="shebao"))
        view = citizens(wang.citizen.number).visits(url)
        assert "shebao" in view.text

        view.submits("login-submit")
        assert view.at == f"{start}&iss=http%3A%2F%2Flocalhost%3A8000"

    @pytest.mark.parametrize("client_id", ["nobody", "../../x", "http://evil.test"])
    def test_a_portal_nobody_registered_leads_to_the_account(
        self, wang: Walker, citizens: Citizens, program: Program, client_id: str
    ) -> None:
        url = address(program(wang.citizen.number, client_id=client_id))
        view = citizens(wang.citizen.number).visits(url).submits("login-submit")
        assert view.at == "/account/"

    def test_who_is_signed_in_already_goes_straight_on(
        self, wang: Walker, program: Program
    ) -> None:
        wang.citizen.visits(address(program(wang.citizen.number)))
        assert wang.citizen.at == "/account/"

    def test_another_person_on_the_phone_may_choose_another_way(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        view = citizens(wang.citizen.number).visits(address(program(wang.citizen.number)))
        found = re.search(r'href="([^"]+)" id="someone-else"', view.text)
        assert found
        view.visits(found[1].replace("&amp;", "&"))
        assert "短信验证码" in view.text


class TestUnbound:
    @pytest.mark.parametrize(
        "agent",
        [
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            IN_WECHAT,
            f"{IN_WECHAT} miniProgram/wx9999999999999999",
            f"{IN_WECOM} miniProgram/{APP}",
        ],
    )
    def test_a_victim_lured_there_is_never_asked_to_bind_the_lurer_s(
        self, app: flask.Flask, citizens: Citizens, program: Program, agent: str
    ) -> None:
        """The ticket is of somebody else's WeChat; the victim signs in to their own account."""
        victim = citizens(agent=agent)
        victim.visits(address(program("13800000066", tells_number=True)))
        assert victim.at == "/login/"
        victim.submits("send-code", phone=victim.number)
        victim.submits("login-submit", sms_code=victim.phone.code())
        victim.submits("signup-submit", agree="yes")

        assert victim.at == "/account/"
        with app.app_context():
            assert db.session.scalars(select(LinkedAccount)).all() == []

    def test_is_bound_once_known_and_finds_the_number_filled_in(
        self, citizens: Citizens, program: Program
    ) -> None:
        view = citizens(agent=IN_PROGRAM)
        view.visits(address(program(view.number, tells_number=True)))
        assert "还没有绑定账号" in view.text
        found = re.search(r'href="([^"]+)" id="stranger-signup"', view.text)
        assert found
        view.visits(found[1].replace("&amp;", "&"))
        assert f'value="{view.number}"' in view.text

        view.submits("send-code", phone=view.number)
        view.submits("code-submit", sms_code=view.phone.code())
        view.submits("signup-submit", agree="yes")
        assert view.at == "/login/linking"
        view.submits("link-yes")
        view.visits("/oauth/logout").submits("logout-yes")

        view.visits(address(program(view.number)))
        assert view.at == "/login/mini-program"

    def test_wechat_s_number_alone_proves_nothing(
        self, walkers: Walkers, citizens: Citizens, program: Program
    ) -> None:
        """Somebody's account has the number; the WeChat that tells it is bound to nobody."""
        citizens("13800000009").signs_up()
        view = citizens("13800000008", agent=IN_PROGRAM)
        view.visits(address(program("13800000009", tells_number=True)))
        assert view.at == "/login/unknown"
        assert view.visits("/account/").at == "/login/"

    def test_a_foreign_number_is_left_out(self, citizens: Citizens, program: Program) -> None:
        view = citizens(agent=IN_PROGRAM)
        view.visits(address(program(people.FOREIGN, tells_number=True)))
        assert view.at == "/login/unknown"
        assert people.FOREIGN not in view.visits(view.at_url("x=1")).text


class TestTickets:
    def test_is_good_once(self, wang: Walker, citizens: Citizens, program: Program) -> None:
        url = address(program(wang.citizen.number))
        citizens("13800000002").visits(url)

        second = citizens("13800000003").visits(url)
        assert (second.status, "返回小程序" in second.text) == (410, True)

    def test_of_many_at_once_one_opens_it(
        self, app: flask.Flask, wang: Walker, program: Program
    ) -> None:
        url = address(program(wang.citizen.number))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: app.test_client().get(url).status_code, range(8)))
        assert sorted(answers) == [303] + [410] * 7

    def test_is_over_after_a_minute(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        url = address(program(wang.citizen.number))
        with app_of(wang).app_context():
            for name in redis.scan_iter("e:mini-ticket:*"):
                assert 0 < redis.pttl(name) <= 60_000
                redis.delete(name)
        assert citizens("13800000002").visits(url).status == 410

    @pytest.mark.parametrize("ticket", ["", "x", "x" * 500, "%00", "../"])
    def test_a_strange_one_opens_nothing(self, citizen: Citizen, ticket: str) -> None:
        assert citizen.visits(f"/login/mini-program/open?ticket={ticket}").status == 410

    def test_the_page_behind_it_is_one_browser_s(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        view = citizens("13800000002").visits(address(program(wang.citizen.number)))
        other = citizens("13800000003").visits(view.at_url("x=1"))
        assert other.status == 403

    def test_who_has_not_said_yes_is_not_signed_in(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        """An address with a stranger's ticket shows a stranger's name, and does nothing."""
        victim = citizens("13800000002").visits(address(program(wang.citizen.number)))
        assert victim.visits("/account/").at == "/login/"

    def test_the_page_is_over_once_somebody_has_signed_out(
        self, wang: Walker, citizens: Citizens, program: Program
    ) -> None:
        view = citizens(wang.citizen.number).visits(address(program(wang.citizen.number)))
        page = view.at_url("x=1")
        view.submits("login-submit")
        view.visits("/oauth/logout").submits("logout-yes")

        view.visits(page)
        assert "login-submit" not in view.text or "138****0001" not in view.text
        assert view.visits("/account/").at == "/login/"

    def test_what_waits_for_it_lies_sealed(self, wang: Walker, program: Program) -> None:
        program("13800000077", tells_number=True)
        with app_of(wang).app_context():
            kept = [redis.get(name) or b"" for name in redis.scan_iter("e:mini-ticket:*")]
        assert kept
        assert b"13800000077" not in b"".join(kept)
        assert b"openid" not in b"".join(kept)


def app_of(walker: Walker) -> flask.Flask:
    return walker.citizen.app


class TestTheProgram:
    @pytest.mark.parametrize(
        "asked",
        [None, 1, "x", [], {}, {"code": ""}, {"code": 1}, {"code": "x" * 5000}, {"code": ["x"]}],
    )
    def test_is_told_what_it_asked_wrongly(self, app: flask.Flask, asked: object) -> None:
        answer = posts(app, asked)
        assert (answer.status_code, answer.json["code"]) == (400, "HT-8132")

    def test_is_answered_in_json_also_where_it_sends_none(self, app: flask.Flask) -> None:
        answer = app.test_client().post(TICKET, data="{", content_type="text/plain")
        assert answer.json["code"] == "HT-8132"

    def test_hears_in_words_why_a_code_is_no_good(
        self, app: flask.Flask, registers: flask.Flask
    ) -> None:
        code = Holder(registers, "13800000001").taps(APP, LAUNCH)
        assert posts(app, {"code": code}).status_code == 201

        again = posts(app, {"code": code})
        assert again.status_code == 400
        assert again.json["message"] == "授权已失效。"
        assert "session_key" not in again.text

    def test_may_not_guess_without_end(self, app: flask.Flask, program: Program) -> None:
        limits = settings.load(environment="testing").login
        for _ in range(limits.code_failures):
            posts(app, {"code": "x"})
        answer = program("13800000001")
        assert (answer.status_code, answer.json["code"]) == (429, "HT-8133")

    def test_may_sign_many_in_from_one_address(self, app: flask.Flask, program: Program) -> None:
        limits = settings.load(environment="testing").login
        for _ in range(limits.code_failures + 1):
            assert program("13800000001").status_code == 201

    def test_a_number_that_cannot_be_had_keeps_nobody_out(
        self, app: flask.Flask, registers: flask.Flask
    ) -> None:
        code = Holder(registers, "13800000001").taps(APP, LAUNCH)
        assert posts(app, {"code": code, "phone_code": "x"}).status_code == 201

    def test_a_person_wechat_holds_for_risky_is_refused(self, program: Program) -> None:
        answer = program(people.number_for(40226))
        assert (answer.status_code, answer.json["code"]) == (403, "HT-8104")

    def test_a_wechat_that_is_away_is_said_to_be_busy(self, program: Program) -> None:
        answer = program(people.DOWN)
        assert (answer.status_code, answer.json["code"]) == (503, "HT-8105")


class TestWithoutOne:
    @pytest.fixture
    def apps(self) -> dict[str, str]:
        return {kind: app for kind, app in APPS.items() if kind != "mini_program"}

    def test_is_told_so(self, app: flask.Flask) -> None:
        answer = posts(app, {"code": "x"})
        assert (answer.status_code, answer.json["code"]) == (404, "HT-8131")


class TestWithNothingElse:
    @pytest.fixture
    def apps(self) -> dict[str, str]:
        return {"mini_program": APP}

    def test_no_browser_is_offered_wechat_and_the_program_works(
        self, citizens: Citizens, program: Program
    ) -> None:
        assert "upstream-wechat" not in citizens().visits("/login/").text
        view = citizens(agent=IN_PROGRAM).visits(address(program("13800000001")))
        assert view.at == "/login/unknown"
