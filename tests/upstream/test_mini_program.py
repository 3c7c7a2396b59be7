"""A mini program: who opened it, the number they give it, and the token all workers share."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import flask
import pytest

from idp.store import ephemeral
from idp.upstream import app_token
from idp.upstream.base import Person
from idp.upstream.errors import (
    CodeUnusable,
    NoMainlandNumber,
    UpstreamBusy,
    UpstreamMisconfigured,
)
from idp.upstream.wechat_mini import MiniProgram
from sandbox.wechat import apps, people
from sandbox.wechat.cgi import NUMBER
from sandbox.wechat.sns import LAUNCH
from sandbox.wechat.tokens import AppTokens
from tests.registers import GARBAGE, Tap
from tests.upstream.actors import PHONE, Holder
from tests.upstream.conftest import APPS, UNBOUND, Made
from tests.upstream.facts import ERRCODES, MEANT, RETRY

APP = APPS["mini_program"]
OPENID = apps.openid(apps.APPS[APP], PHONE)
Holders = Callable[..., Holder]


def mini(made: Made, app_id: str = APP) -> MiniProgram:
    found = made({"mini_program": app_id}).mini_program
    assert found is not None
    return found


@pytest.fixture
def program(upstreams: Made) -> MiniProgram:
    return mini(upstreams)


@pytest.fixture
def tokens(registers: flask.Flask) -> Any:
    """WeChat's book of the tokens it gave, with a clock of its own."""
    book: AppTokens = registers.extensions["wechat-app-tokens"]
    book.void(APP)
    book.issued = 0
    yield book
    book.clock = time.time
    book.void(APP)


class TestWhoOpenedIt:
    def test_a_code_names_who_it_was(self, program: MiniProgram, holder: Holders) -> None:
        person = program.person(holder().taps(APP, LAUNCH))
        app = apps.APPS[APP]
        assert person == Person(APP, apps.openid(app, PHONE), apps.unionid(app, PHONE))

    def test_it_is_whom_the_website_knows(self, program: MiniProgram, holder: Holders) -> None:
        website = apps.APPS[APPS["website"]]
        person = program.person(holder().taps(APP, LAUNCH))
        assert person.unionid == apps.unionid(website, PHONE)
        assert person.openid != apps.openid(website, PHONE)

    def test_a_program_of_no_platform_account_knows_no_unionid(
        self, upstreams: Made, holder: Holders
    ) -> None:
        app_id = UNBOUND["mini_program"]
        person = mini(upstreams, app_id).person(holder().taps(app_id, LAUNCH))
        assert (person.unionid, len(person.openid)) == ("", 28)

    def test_a_code_is_good_once(self, program: MiniProgram, holder: Holders) -> None:
        code = holder().taps(APP, LAUNCH)
        program.person(code)
        with pytest.raises(CodeUnusable):
            program.person(code)

    def test_the_code_for_a_number_names_nobody(
        self, program: MiniProgram, holder: Holders
    ) -> None:
        with pytest.raises(CodeUnusable):
            program.person(holder().taps(APP, NUMBER))

    def test_the_session_key_is_handed_to_nobody(
        self, program: MiniProgram, holder: Holders, tap: Tap, app: flask.Flask
    ) -> None:
        person = program.person(holder().taps(APP, LAUNCH))
        key = json.loads(tap.heard)["session_key"]
        redis = app.extensions["redis"]
        assert key not in repr(person)
        assert key not in repr([redis.get(name) for name in redis.scan_iter("e:*")])

    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_every_errcode_has_its_meaning(
        self, program: MiniProgram, holder: Holders, tap: Tap, errcode: int
    ) -> None:
        code, times = holder(people.number_for(errcode)).taps(APP, LAUNCH), []
        tap.trouble = times.append
        with pytest.raises(MEANT[ERRCODES[errcode][1]]):
            program.person(code)
        assert len(times) == (3 if ERRCODES[errcode][1] == RETRY else 1)

    def test_who_asks_too_often_keeps_nobody_else_out(
        self, program: MiniProgram, holder: Holders
    ) -> None:
        """45011 counts one person's tries here."""
        with pytest.raises(UpstreamBusy):
            program.person(holder(people.number_for(45011)).taps(APP, LAUNCH))
        assert program.person(holder().taps(APP, LAUNCH)).openid

    @pytest.mark.parametrize("number", [people.DOWN, people.SLOW, people.BROKEN])
    def test_a_wechat_that_is_away_is_busy(
        self, program: MiniProgram, holder: Holders, number: str
    ) -> None:
        with pytest.raises(UpstreamBusy):
            program.person(holder(number).taps(APP, LAUNCH))


@pytest.mark.usefixtures("tokens")
class TestTheirNumber:
    def test_it_is_told_as_we_write_numbers(self, program: MiniProgram, holder: Holders) -> None:
        assert program.number(holder().taps(APP, NUMBER), OPENID) == f"+86{PHONE}"

    def test_the_country_may_be_a_number_or_text(
        self, program: MiniProgram, holder: Holders
    ) -> None:
        code = holder(people.NUMERIC).taps(APP, NUMBER)
        openid = apps.openid(apps.APPS[APP], people.NUMERIC)
        assert program.number(code, openid) == f"+86{people.NUMERIC}"

    def test_another_country_s_is_refused(self, program: MiniProgram, holder: Holders) -> None:
        code = holder(people.FOREIGN).taps(APP, NUMBER)
        with pytest.raises(NoMainlandNumber):
            program.number(code, apps.openid(apps.APPS[APP], people.FOREIGN))

    def test_another_person_s_code_gives_no_number(
        self, program: MiniProgram, holder: Holders
    ) -> None:
        with pytest.raises(CodeUnusable):
            program.number(holder("13800000002").taps(APP, NUMBER), OPENID)

    def test_a_code_is_good_once(self, program: MiniProgram, holder: Holders) -> None:
        code = holder().taps(APP, NUMBER)
        program.number(code, OPENID)
        with pytest.raises(CodeUnusable):
            program.number(code, OPENID)

    def test_a_number_another_program_asked_for_is_none(
        self, program: MiniProgram, holder: Holders, tap: Tap
    ) -> None:
        code = holder().taps(APP, NUMBER)
        tap.change = lambda heard: heard.replace(APP.encode(), UNBOUND["mini_program"].encode())
        with pytest.raises(UpstreamBusy):
            program.number(code, OPENID)

    @pytest.mark.parametrize("body", [*GARBAGE, b'{"errcode":0,"phone_info":{}}', b'{"errcode":0}'])
    def test_what_is_no_answer_gives_no_number(
        self, program: MiniProgram, holder: Holders, tap: Tap, body: bytes
    ) -> None:
        program.number(holder().taps(APP, NUMBER), OPENID)
        code = holder().taps(APP, NUMBER)
        tap.change = lambda _heard: body
        with pytest.raises(UpstreamBusy):
            program.number(code, OPENID)

    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_every_errcode_has_its_meaning(
        self, program: MiniProgram, holder: Holders, errcode: int
    ) -> None:
        number = people.number_for(errcode)
        code = holder(number).taps(APP, NUMBER)
        with pytest.raises(MEANT[ERRCODES[errcode][1]]):
            program.number(code, apps.openid(apps.APPS[APP], number))

    def test_it_is_asked_in_json_with_the_token_in_the_query(
        self, program: MiniProgram, holder: Holders, tap: Tap
    ) -> None:
        """A form is refused (47001)."""
        code, seen = holder().taps(APP, NUMBER), []
        tap.trouble = lambda environ: seen.append(dict(environ))
        program.number(code, OPENID)
        token, number = seen
        assert (token["REQUEST_METHOD"], token["QUERY_STRING"]) == ("POST", "")
        assert token["PATH_INFO"].endswith("/cgi-bin/stable_token")
        assert number["QUERY_STRING"].startswith("access_token=")
        assert {each["CONTENT_TYPE"] for each in seen} == {"application/json"}


class TestTheToken:
    def test_all_workers_share_one(
        self, upstreams: Made, holder: Holders, tokens: AppTokens
    ) -> None:
        for _ in range(3):
            mini(upstreams).number(holder().taps(APP, NUMBER), OPENID)
        assert tokens.issued == 1

    def test_who_come_at_once_fetch_one(
        self, app: flask.Flask, upstreams: Made, tokens: AppTokens, tap: Tap
    ) -> None:
        programs, found, asked = [mini(upstreams) for _ in range(6)], [], []
        tap.trouble = lambda environ: (asked.append(1), time.sleep(0.2))

        def get(program: MiniProgram) -> None:
            with app.app_context():
                found.append(program._token.get())

        threads = [threading.Thread(target=get, args=(each,)) for each in programs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(found), len(set(found)), len(asked)) == (6, 1, 1)

    def test_it_is_renewed_before_it_ends(
        self, program: MiniProgram, tokens: AppTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = program._token.get()
        later = time.time() + 7200 - app_token.EARLY.total_seconds() + 1
        tokens.clock = lambda: later
        monkeypatch.setattr(app_token.time, "time", lambda: later)
        assert program._token.get() != first
        assert tokens.app_of(first) == APP, "both are good in the last five minutes"

    def test_while_one_renews_it_the_others_go_on_with_the_old_one(
        self, program: MiniProgram, tokens: AppTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = program._token.get()
        later = time.time() + 7200 - app_token.EARLY.total_seconds() + 1
        monkeypatch.setattr(app_token.time, "time", lambda: later)
        assert ephemeral.first_time(app_token.RENEWING, APP, app_token.ALONE)
        assert program._token.get() == first

    def test_who_renewed_it_and_died_keeps_nobody_waiting_for_long(
        self, program: MiniProgram, tokens: AppTokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(app_token, "PATIENCE", 0.1)
        assert ephemeral.first_time(app_token.RENEWING, APP, app_token.ALONE)
        with pytest.raises(UpstreamBusy):
            program._token.get()
        ephemeral.forget(app_token.RENEWING, APP)
        assert program._token.get()

    def test_one_wechat_dropped_is_replaced_once(
        self, program: MiniProgram, holder: Holders, tokens: AppTokens
    ) -> None:
        """40001: somebody reset it in the console."""
        program.number(holder().taps(APP, NUMBER), OPENID)
        tokens.void(APP)
        assert program.number(holder().taps(APP, NUMBER), OPENID)
        assert tokens.issued == 2

    def test_one_that_ended_too_early_is_replaced_once(
        self, program: MiniProgram, holder: Holders, tokens: AppTokens
    ) -> None:
        """42001: its life was not what WeChat had said."""
        program.number(holder().taps(APP, NUMBER), OPENID)
        tokens.clock = lambda: time.time() + 7201
        assert program.number(holder().taps(APP, NUMBER), OPENID)
        assert tokens.issued == 2

    def test_one_given_again_though_refused_is_forced_away(
        self, program: MiniProgram, holder: Holders, tokens: AppTokens, tap: Tap
    ) -> None:
        first, refused = program._token.get(), []

        def refuse_first(heard: bytes) -> bytes:
            if b"phone_info" in heard and not refused:
                refused.append(1)
                return b'{"errcode":40001,"errmsg":"invalid credential"}'
            return heard

        tap.change = refuse_first
        with pytest.raises(CodeUnusable):  # the sandbox has used the code by then
            program.number(holder().taps(APP, NUMBER), OPENID)
        assert program._token.get() != first
        assert tokens.issued == 2

    def test_refused_again_it_is_an_alarm_and_not_a_loop(
        self, program: MiniProgram, tap: Tap, tokens: AppTokens
    ) -> None:
        program._token.get()
        asked: list[str] = []
        tap.trouble = lambda environ: asked.append(environ["PATH_INFO"])
        tap.change = lambda heard: (
            heard if b"expires_in" in heard else b'{"errcode":40001,"errmsg":"invalid credential"}'
        )
        with pytest.raises(UpstreamMisconfigured):
            program.number("code", OPENID)
        assert len(asked) == 4, "the number, the token, the token by force, the number"

    def test_who_finds_it_replaced_uses_the_new_one(
        self, program: MiniProgram, tokens: AppTokens
    ) -> None:
        now = program._token.get()
        assert program._token.instead_of("an older one") == now
        assert tokens.issued == 1

    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_what_wechat_says_instead_of_a_token_has_its_meaning(
        self, upstreams: Made, errcode: int
    ) -> None:
        program = mini(upstreams, apps.failing(errcode))
        expected = MEANT[ERRCODES[errcode][1]]
        with pytest.raises(expected):
            program.number("code", "openid")
        assert ephemeral.first_time(app_token.RENEWING, apps.failing(errcode), app_token.ALONE)

    @pytest.mark.parametrize(
        "body", [*GARBAGE, b'{"access_token":"x"}', b'{"access_token":"x","expires_in":"soon"}']
    )
    def test_what_is_no_token_is_none(self, program: MiniProgram, tap: Tap, body: bytes) -> None:
        tap.change = lambda _heard: body
        with pytest.raises(UpstreamBusy):
            program._token.get()

    def test_its_life_may_be_told_as_text(
        self, program: MiniProgram, tap: Tap, tokens: AppTokens
    ) -> None:
        tap.change = lambda heard: heard.replace(b":7200", b':"7200"')
        assert program._token.get() == program._token.get()
        assert tokens.issued == 1

    def test_nobody_reads_it_in_redis(
        self, app: flask.Flask, program: MiniProgram, tokens: AppTokens
    ) -> None:
        token, redis = program._token.get(), app.extensions["redis"]
        assert token not in repr([redis.get(name) for name in redis.scan_iter("e:*")])
