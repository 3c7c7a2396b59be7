"""Authenticator apps: added with a check, used once a code, taken away; by whom and by whom not."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select, text

from idp import factors, recovery_codes
from idp.store import closings, merges, rekeying
from idp.store.accounts import Account
from idp.store.audit import AuditEvent
from idp.store.engines import db, redis
from idp.store.recovery_codes import RecoveryCodes
from idp.store.totps import Totp
from tests.actors import Authenticator, Citizen
from tests.oidc.actors import STATUTE, registered

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]
Minutes = Callable[[float], object]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """In the middle of a step, where nothing is about to change."""
    start = datetime.now(UTC).timestamp() // 30 * 30 + 10
    with time_machine.travel(datetime.fromtimestamp(start, UTC), tick=False) as travelling:
        yield travelling


@pytest.fixture
def wang(app: flask.Flask, citizens: Citizens) -> Citizen:
    """Signed up with a password that counts, and signed in by both factors."""
    citizen = citizens().signs_up(username="wang_xm", password=GOOD)
    return proves_both(settled(app, citizen))


def settled(app: flask.Flask, citizen: Citizen) -> Citizen:
    with app.app_context():
        for found in db.session.scalars(select(Account)):
            found.password_settles_at = None
        db.session.commit()
    return citizen


def proves_both(citizen: Citizen, name: str = "wang_xm") -> Citizen:
    """The second factor that adding one asks for."""
    citizen.visits("/account/totp/new")
    if citizen.at == "/login/":
        citizen.visits(citizen.at_url("m=password"))
        citizen.submits("login-submit", username=name, password=GOOD)
    return citizen


def adds_app(citizen: Citizen, name: str = "我的手机") -> Authenticator:
    citizen.visits("/account/totp/new")
    app = Authenticator.scans(citizen.text)
    citizen.submits("totp-submit", totp=app.code(), name=name)
    assert citizen.at in {"/account/totp", "/account/recovery-codes"}, citizen.text
    return app


def chooses(citizen: Citizen, method: str) -> Citizen:
    return citizen.visits(citizen.at_url(f"m={method}"))


def careful(citizen: Citizen) -> Citizen:
    """Two factors at every sign-in from now on."""
    citizen.visits("/account/methods/two-factor")
    return citizen.submits("two-factor-on")


def at_second(citizens: Citizens, citizen: Citizen) -> Citizen:
    """In another browser, after the password, where the app's code is asked for."""
    other = citizens(citizen.number).signs_in_by_password("wang_xm", GOOD)
    return chooses(other, "totp")


def later(clock: time_machine.Traveller, seconds: float = 60) -> None:
    clock.shift(seconds)


class TestAdding:
    def test_an_app_is_added_by_its_own_code_and_listed_by_its_name(self, wang: Citizen) -> None:
        adds_app(wang, "妈妈的 手机")

        wang.visits("/account/totp")
        assert "妈妈的 手机" in wang.text
        assert "妈妈的 手机" in wang.visits("/account/methods").text
        assert any("添加了身份验证器" in each for each in wang.phone.texts())
        assert "添加身份验证器" in wang.visits("/account/history").text

    def test_the_first_factor_brings_recovery_codes(self, wang: Citizen) -> None:
        adds_app(wang)
        assert wang.at == "/account/recovery-codes"

        adds_app(wang, "另一部")
        assert wang.at == "/account/totp"

    def test_the_page_shows_the_secret_for_who_cannot_scan(self, wang: Citizen) -> None:
        wang.visits("/account/totp/new")

        shown = re.search(r'id="totp-secret">([A-Z2-7 ]+)<', wang.text)
        assert shown
        assert shown[1].replace(" ", "") == Authenticator.scans(wang.text).secret
        assert {len(group) for group in shown[1].split()} == {4}
        assert wang.number not in wang.text, "the label is masked"

    @pytest.mark.parametrize(
        ("typed", "code"), [("", "HT-4021"), ("12345", "HT-4021"), ("abcdef", "HT-4021")]
    )
    def test_nothing_is_added_without_a_code(self, wang: Citizen, typed: str, code: str) -> None:
        wang.visits("/account/totp/new").submits("totp-submit", totp=typed, name="手机甲")

        assert (wang.status, code in wang.text) == (400, True)
        assert 'value="手机甲"' in wang.text, "what was typed is kept"
        assert "还没有添加" in wang.visits("/account/totp").text

    def test_a_wrong_code_adds_nothing_and_the_same_secret_is_shown(self, wang: Citizen) -> None:
        wang.visits("/account/totp/new")
        app = Authenticator.scans(wang.text)
        wrong = f"{(int(app.code()) + 1) % 10**6:06}"

        wang.submits("totp-submit", totp=wrong, name="手机")

        assert "HT-4022" in wang.text
        assert Authenticator.scans(wang.text).secret == app.secret
        wang.submits("totp-submit", totp=app.code(), name="手机")
        assert wang.at == "/account/recovery-codes"

    @pytest.mark.parametrize("slow", [300, -300])
    def test_a_clock_that_is_off_is_told(self, wang: Citizen, slow: float) -> None:
        wang.visits("/account/totp/new")
        app = Authenticator(Authenticator.scans(wang.text).address, slow=slow)

        wang.submits("totp-submit", totp=app.code(), name="手机")

        assert (wang.status, "HT-4023" in wang.text) == (409, True)
        assert "大约 5 分钟" in wang.text

    @pytest.mark.parametrize("slow", [30, 0, -30])
    def test_half_a_minute_off_is_good(self, wang: Citizen, slow: float) -> None:
        wang.visits("/account/totp/new")
        app = Authenticator(Authenticator.scans(wang.text).address, slow=slow)

        wang.submits("totp-submit", totp=app.code(), name="手机")

        assert wang.at == "/account/recovery-codes"

    def test_full_width_digits_and_spaces_are_good(self, wang: Citizen) -> None:
        wang.visits("/account/totp/new")
        code = Authenticator.scans(wang.text).code()
        typed = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

        wang.submits("totp-submit", totp=f" {typed[:3]}\u3000{typed[3:]} ", name="手机")

        assert wang.at == "/account/recovery-codes"

    def test_two_tabs_show_one_secret_and_add_one_app(
        self, app: flask.Flask, wang: Citizen
    ) -> None:
        wang.visits("/account/totp/new")
        first, phone = wang.page, Authenticator.scans(wang.text)
        wang.visits("/account/totp/new")
        assert Authenticator.scans(wang.text).secret == phone.secret
        wang.submits("totp-submit", totp=phone.code(), name="一")

        wang.page = first
        wang.submits("totp-submit", totp=phone.code(), name="二")

        assert wang.at == "/account/totp"
        with app.app_context():
            assert [each.name for each in db.session.scalars(select(Totp))] == ["一"]

    def test_a_page_left_open_too_long_shows_a_new_secret(
        self, wang: Citizen, app: flask.Flask
    ) -> None:
        wang.visits("/account/totp/new")
        old, page = Authenticator.scans(wang.text), wang.page
        with app.app_context():  # a quarter of an hour later
            for key in redis.keys("e:totp-setup:*"):
                redis.delete(key)

        wang.page = page
        wang.submits("totp-submit", totp=old.code(), name="旧手机")

        assert (wang.status, "HT-4024" in wang.text) == (409, True)
        assert 'value="旧手机"' in wang.text
        assert Authenticator.scans(wang.text).secret != old.secret

    def test_another_session_cannot_finish_it(self, wang: Citizen, citizens: Citizens) -> None:
        wang.visits("/account/totp/new")
        mine = Authenticator.scans(wang.text)
        other = proves_both(citizens(wang.number).signs_in_by_code())
        other.visits("/account/totp/new")

        assert Authenticator.scans(other.text).secret != mine.secret
        other.submits("totp-submit", totp=mine.code(), name="手机")
        assert "HT-4022" in other.text

    @pytest.mark.parametrize("name", ["", "  ", "长" * 21, "a\u202eb", "a\x00b"])
    def test_a_name_can_be_read(self, wang: Citizen, name: str) -> None:
        wang.visits("/account/totp/new")
        app = Authenticator.scans(wang.text)

        wang.submits("totp-submit", totp=app.code(), name=name)

        assert (wang.status, "HT-4030" in wang.text) == (400, True)

    def test_an_account_has_five_at_most(self, wang: Citizen) -> None:
        for number in range(5):
            adds_app(wang, f"手机 {number}")

        wang.visits("/account/totp/new")

        assert (wang.status, "HT-4026" in wang.text) == (409, True)

    def test_it_takes_a_proof_of_late(self, wang: Citizen, clock: time_machine.Traveller) -> None:
        later(clock, 3600)

        assert wang.visits("/account/totp/new").at == "/login/"

    def test_it_takes_all_that_the_account_can_show(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        """Else a password alone would make itself the second factor."""
        thief = citizens(wang.number).signs_in_by_password("wang_xm", GOOD)
        assert thief.at == "/account/"

        assert thief.visits("/account/totp/new").at == "/login/"
        thief.visits("/account/password")
        thief.posts("/account/totp/new", totp="000000", name="x")
        assert thief.at == "/login/"

    def test_who_has_the_phone_alone_adds_one_and_is_told_what_it_is_worth(
        self, citizens: Citizens
    ) -> None:
        zhang = citizens().signs_up()
        adds_app(zhang)

        assert "级别不会提高" in zhang.visits("/account/totp").text
        assert zhang.visits("/account/methods/two-factor").status == 409

    def test_a_form_without_the_token_adds_nothing(self, wang: Citizen) -> None:
        wang.visits("/account/totp/new")
        app = Authenticator.scans(wang.text)

        wang.page = wang._open("POST", "/account/totp/new", {"totp": app.code(), "name": "x"})

        assert wang.status in {400, 403}
        assert "还没有添加" in wang.visits("/account/totp").text

    def test_the_secret_is_nowhere_in_clear(self, app: flask.Flask, wang: Citizen) -> None:
        secret = adds_app(wang, "王小明的手机").secret

        with app.app_context():
            row = db.session.execute(text("SELECT * FROM totp")).one()
            stored = " ".join(str(each) for each in row)
            for event in db.session.scalars(select(AuditEvent)):
                assert secret not in event.details
        assert secret not in stored
        assert "王小明" not in stored
        assert secret not in wang.visits("/account/totp").text


class TestSigningIn:
    @pytest.fixture
    def app_(self, wang: Citizen, clock: time_machine.Traveller) -> Authenticator:
        added = adds_app(wang)
        careful(wang)
        later(clock)
        return added

    def test_password_and_app_are_two_kinds(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        other = at_second(citizens, wang)
        assert "验证器" in other.text

        other.submits("login-submit", totp=app_.code())

        assert (other.at, other.status) == ("/account/", 200)
        assert "密码 + 动态口令" in other.visits("/account/history").text

    def test_the_code_by_text_message_and_the_app_are_one_kind(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        other = citizens(wang.number).signs_in_by_code()

        assert 'id="tab-totp"' not in other.text
        assert chooses(other, "totp").text.count('name="totp"') == 0
        i = other.page.request.args["i"] if other.page else ""
        other.posts(f"/login/totp/finish?i={i}", totp=app_.code())
        assert "HT-2022" in other.text

    def test_nobody_begins_with_it(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        stranger = citizens("13900000001").visits("/login/")
        assert "tab-totp" not in stranger.text
        i = stranger.page.request.args["i"] if stranger.page else ""

        stranger.posts(f"/login/totp/finish?i={i}", totp=app_.code())

        assert (stranger.status, "HT-2022" in stranger.text) == (404, True)

    def test_signing_out_voids_the_password_before_it(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        """The next person at the browser has the way of the one before, and no proof of theirs."""
        other = at_second(citizens, wang)
        page, url = other.page, other.at_url("m=totp")
        chooses(other.signs_in_by_password("wang_xm", GOOD), "totp")
        other.submits("login-submit", totp=app_.code())
        other.visits("/oauth/logout").submits("logout-yes")

        assert 'name="totp"' not in other.visits(url).text
        other.page = page
        other.submits("login-submit", totp=app_.code(30))
        assert "HT-2022" in other.text
        assert other.visits("/account/").at == "/login/"

    def test_a_code_is_good_once(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        first, second = at_second(citizens, wang), at_second(citizens, wang)
        first.submits("login-submit", totp=app_.code())
        assert first.at == "/account/"

        second.submits("login-submit", totp=app_.code())

        assert (second.status, "HT-2033" in second.text) == (400, True)
        assert second.visits("/account/").at == "/login/"

    def test_a_code_older_than_the_last_one_used_is_not_good(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        first, second = at_second(citizens, wang), at_second(citizens, wang)
        first.submits("login-submit", totp=app_.code())

        second.submits("login-submit", totp=app_.code(-30))

        assert "HT-2033" in second.text

    def test_the_code_it_was_added_with_is_used_up(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        added = adds_app(wang)
        careful(wang)

        other = at_second(citizens, wang).submits("login-submit", totp=added.code())

        assert "HT-2033" in other.text

    def test_of_two_at_once_one_wins(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        tabs = [at_second(citizens, wang) for _ in range(4)]
        code = app_.code()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda tab: tab.submits("login-submit", totp=code), tabs))

        assert sorted(tab.at == "/account/" for tab in tabs) == [False, False, False, True]
        assert sum("HT-2033" in tab.text for tab in tabs) == 3

    def test_a_slow_clock_is_told_and_a_code_to_come_is_not(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        other = at_second(citizens, wang)

        other.submits("login-submit", totp=app_.code(120))
        assert "HT-2032" in other.text
        other.submits("login-submit", totp=app_.code(-50))  # before it was added
        assert "HT-2032" in other.text or "HT-2033" in other.text

    def test_a_late_code_is_told_to_be_late(
        self,
        app_: Authenticator,
        wang: Citizen,
        citizens: Citizens,
        clock: time_machine.Traveller,
    ) -> None:
        code = app_.code()
        later(clock, 180)
        other = at_second(citizens, wang)

        other.submits("login-submit", totp=code)

        assert (other.status, "HT-2034" in other.text) == (400, True)
        assert "大约 3 分钟前" in other.text

    def test_guesses_are_counted_and_then_wait(
        self,
        app_: Authenticator,
        wang: Citizen,
        citizens: Citizens,
        clock: time_machine.Traveller,
    ) -> None:
        other = at_second(citizens, wang)
        wrong = f"{(int(app_.code()) + 1) % 10**6:06}"
        for _ in range(5):
            other.submits("login-submit", totp=wrong)
        assert (other.status, "HT-2035" in other.text) == (429, True)

        other.submits("login-submit", totp=app_.code())
        assert (other.status, "HT-2035" in other.text) == (429, True)
        assert "15 分钟" in other.text
        # Somebody else's guesses slow nobody whose browser is known.
        mine = wang.visits("/login/").visits(wang.at_url("m=password&switch=1"))
        mine.submits("login-submit", username="wang_xm", password=GOOD)
        chooses(mine, "totp").submits("login-submit", totp=app_.code())
        assert mine.at == "/account/"

    @pytest.mark.parametrize("typed", ["", "12345", "x" * 4000, "１２３"])
    def test_what_cannot_be_a_code_is_told_and_not_counted(
        self, app_: Authenticator, wang: Citizen, citizens: Citizens, typed: str
    ) -> None:
        other = at_second(citizens, wang)
        for _ in range(7):
            other.submits("login-submit", totp=typed)
            assert (other.status, "HT-2031" in other.text) == (400, True)

        other.submits("login-submit", totp=app_.code())
        assert other.at == "/account/"

    def test_any_of_several_apps_will_do(
        self,
        app_: Authenticator,
        wang: Citizen,
        citizens: Citizens,
        clock: time_machine.Traveller,
    ) -> None:
        tablet = adds_app(wang, "平板")
        later(clock)
        for app in (tablet, app_):
            other = at_second(citizens, wang).submits("login-submit", totp=app.code())
            assert other.at == "/account/"

    def test_another_persons_app_is_no_good(
        self, app: flask.Flask, app_: Authenticator, wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens().signs_up(username="li_na", password=GOOD)
        theirs = adds_app(proves_both(settled(app, li), "li_na"))

        other = at_second(citizens, wang).submits("login-submit", totp=theirs.code(30))

        assert "HT-2032" in other.text


def test_a_fresh_sign_in_is_shown_by_the_app(wang: Citizen, clock: time_machine.Traveller) -> None:
    app = adds_app(wang)
    later(clock, 900)

    chooses(wang.visits("/account/password"), "totp").submits("login-submit", totp=app.code())

    assert wang.at == "/account/password"


def test_a_portal_that_wants_two_factors_gets_them_by_the_app(
    app: flask.Flask, wang: Citizen, citizens: Citizens, clock: time_machine.Traveller
) -> None:
    phone = adds_app(wang)
    later(clock)
    gjj = registered(app, "gjj", legal_basis="statutory", statute=STATUTE)
    other = citizens(wang.number).visits(gjj.url(acr_values="ial1.aal2"))
    other.visits(other.at_url("m=password"))
    other.submits("login-submit", username="wang_xm", password=GOOD)
    assert 'name="totp"' in other.text

    other.submits("login-submit", totp=phone.code())

    answer = parse_qs(urlsplit(other.at).query)
    told = gjj.reads(gjj.redeems(answer["code"][0]).json["id_token"])
    assert told["acr"] == "ial1.aal2"
    assert {*told["amr"]} >= {"pwd", "otp"}


class TestAnOldNumber:
    def test_the_app_says_whose_the_number_is(
        self,
        app: flask.Flask,
        wang: Citizen,
        citizens: Citizens,
        clock: time_machine.Traveller,
    ) -> None:
        phone = adds_app(wang)
        with app.app_context():
            found = db.session.scalars(select(Account)).one()
            found.phone_proven_at = datetime.now(UTC) - timedelta(days=400)
            db.session.commit()
        later(clock)
        other = citizens(wang.number).signs_in_by_code()
        assert other.at == "/login/number"

        link = re.search(r'href="([^"]+)" id="prove-other"', other.text)
        assert link
        other.visits(unescape(link[1])).submits("login-submit", totp=phone.code())

        assert other.at == "/account/"


class TestLookingAfter:
    @pytest.fixture
    def added(self, wang: Citizen, clock: time_machine.Traveller) -> str:
        """The app's id."""
        adds_app(wang)
        later(clock)
        found = re.search(r"/account/totp/([0-9a-f]{32})/remove", wang.visits("/account/totp").text)
        assert found
        return found[1]

    def test_a_name_is_changed(self, wang: Citizen, added: str) -> None:
        wang.visits(f"/account/totp/{added}").submits("rename-submit", name="新手机")

        assert (wang.at, "新手机" in wang.text) == ("/account/totp", True)

    def test_a_name_that_is_too_long_is_kept_in_the_form(self, wang: Citizen, added: str) -> None:
        wang.visits(f"/account/totp/{added}").submits("rename-submit", name="长" * 21)

        assert (wang.status, "HT-4030" in wang.text) == (400, True)
        assert "长" * 21 in wang.text

    def test_one_is_taken_away_with_a_notice_and_ends_other_sessions(
        self, wang: Citizen, added: str, citizens: Citizens
    ) -> None:
        other = citizens(wang.number).signs_in_by_code()

        wang.visits(f"/account/totp/{added}/remove").submits("totp-remove")

        assert (wang.at, "已移除" in wang.text) == ("/account/totp", True)
        assert any("移除了身份验证器" in each for each in wang.phone.texts())
        assert "移除身份验证器" in wang.visits("/account/history").text
        assert other.visits("/account/").at == "/login/"

    def test_what_is_gone_is_gone(self, wang: Citizen, added: str) -> None:
        page = wang.visits(f"/account/totp/{added}/remove").page
        wang.submits("totp-remove")
        wang.page = page
        wang.submits("totp-remove")

        assert (wang.status, "HT-4027" in wang.text) == (404, True)
        assert wang.visits(f"/account/totp/{added}").status == 404

    def test_another_persons_is_not_there(
        self, app: flask.Flask, wang: Citizen, added: str, citizens: Citizens
    ) -> None:
        li = citizens().signs_up(username="li_na", password=GOOD)
        proves_both(settled(app, li), "li_na")

        for path in (f"/account/totp/{added}", f"/account/totp/{added}/remove"):
            assert li.visits(path).status == 404
            assert li.visits("/account/password").posts(path, name="x").status == 404
        assert "我的手机" in wang.visits("/account/totp").text

    def test_it_takes_both_factors(self, wang: Citizen, added: str, citizens: Citizens) -> None:
        thief = citizens(wang.number).signs_in_by_password("wang_xm", GOOD)

        assert thief.visits(f"/account/totp/{added}/remove").at == "/login/"
        thief.visits("/account/password").posts(f"/account/totp/{added}/remove")
        assert thief.at == "/login/"
        assert "我的手机" in wang.visits("/account/totp").text

    def test_who_wants_two_kinds_keeps_two(
        self, app: flask.Flask, wang: Citizen, added: str
    ) -> None:
        careful(wang)
        with app.app_context():  # the number went, and the app is what there is beside the password
            found = db.session.scalars(select(Account)).one()
            found.phone = found.phone_index = None
            db.session.commit()

        wang.visits(f"/account/totp/{added}/remove")
        assert "HT-4029" in wang.text
        wang.visits("/account/password").posts(f"/account/totp/{added}/remove")
        assert (wang.status, "HT-4029" in wang.text) == (409, True)
        assert "我的手机" in wang.visits("/account/totp").text

    def test_with_another_second_kind_it_may_go(self, wang: Citizen, added: str) -> None:
        careful(wang)

        wang.visits(f"/account/totp/{added}/remove").submits("totp-remove")

        assert "已移除" in wang.text

    def test_of_two_taken_away_at_once_by_who_wants_two_one_stays(
        self, app: flask.Flask, wang: Citizen, added: str
    ) -> None:
        adds_app(wang, "平板")
        careful(wang)
        with app.app_context():
            found = db.session.scalars(select(Account)).one()
            found.phone = found.phone_index = None
            db.session.commit()
            ids = [each.id for each in db.session.scalars(select(Totp))]
        tabs = []
        for each in ids:
            page = wang.visits(f"/account/totp/{each}/remove").page
            tab = Citizen(wang.app, wang.phone, wang.address, page=page)
            tab.browser = wang.browser
            tabs.append(tab)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda tab: tab.submits("totp-remove"), tabs))

        with app.app_context():
            assert len(db.session.scalars(select(Totp)).all()) == 1


class TestWithTheAccount:
    def test_it_is_taken_along_without_its_secret(self, wang: Citizen) -> None:
        secret = adds_app(wang, "王小明的手机").secret

        wang.visits("/account/export").submits("export-json")

        told = orjson.loads(wang.text)
        assert [each["name"] for each in told["authenticators"]] == ["王小明的手机"]
        assert [each["left"] for each in told["recovery_codes"]] == [10]
        assert secret not in wang.text

    def test_nothing_of_it_is_left_of_an_account_that_is_erased(
        self, app: flask.Flask, wang: Citizen
    ) -> None:
        adds_app(wang)

        with app.app_context():
            closings.erase_person(db.session.scalars(select(Account.id)).one())
            db.session.commit()
            left = [db.session.execute(select(table)).all() for table in (Totp, RecoveryCodes)]
        assert left == [[], []]

    def test_it_comes_along_when_two_become_one_and_goes_back_and_codes_stay(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        adds_app(wang)
        citizens().signs_up(username="li_na", password=GOOD)
        with app.app_context():
            gone, kept = (
                db.session.scalars(select(Account).filter_by(username=name)).one()
                for name in ("wang_xm", "li_na")
            )
            merge = merges.merge(kept, gone, set(), timedelta(days=7))
            db.session.commit()
            assert [each.kind for each in factors.held(kept.id)] == ["totp"]
            assert factors.held(gone.id) == []
            assert (recovery_codes.left(kept.id), recovery_codes.left(gone.id)) == (0, 10)
            merges.undo(merge, kept, gone)
            db.session.commit()
            assert factors.held(kept.id) == []
            assert [each.kind for each in factors.held(gone.id)] == ["totp"]

    def test_secrets_and_digests_move_to_a_new_master_key(self) -> None:
        sealed = {vault.name: {c.name for c in vault.sealed} for vault in rekeying.vaults()}

        assert sealed["totp"] == {"name", "secret"}
        assert sealed["recovery_codes"] == {"digests"}


class TestTurnedOff:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {"login": {"methods": ("sms", "password")}}

    def test_nothing_is_added(self, wang: Citizen) -> None:
        wang.visits("/account/totp/new")

        assert (wang.status, "HT-4025" in wang.text) == (404, True)


def test_time_is_frozen_in_these_tests() -> None:
    assert time.time() % 30 == 10
