"""A person's own pages: what is there, what may be changed, and by whom."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import consents, sessions, staff, standing, stops
from idp.audit import log as audit
from idp.store import accounts, clients, connections
from idp.store.accounts import KnownBrowser, SignIn
from idp.store.engines import db
from idp.store.types import now
from tests.actors import Citizen

GOOD, NEW = "琴台 Lantern 7392", "Quiet-Harbour 5518 松"
Citizens = Callable[..., Citizen]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    return citizens().signs_up(username="wang_xm", password=GOOD)


def id_of(app: flask.Flask, citizen: Citizen) -> str:
    with app.app_context():
        account = accounts.by_phone(f"+86{citizen.number}")
        assert account is not None
        return account.id


def later(**time: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(**time), tick=True)


PAGES = ["", "sessions", "portals", "history", "notices", "password", "username", "phone"]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in_and_comes_back_to_it(
    wang: Citizen, citizens: Citizens, page: str
) -> None:
    visitor = citizens(wang.number).visits(f"/account/{page}")
    assert visitor.at == "/login/"

    visitor.visits(visitor.at_url("m=sms")).signs_in_by_code()

    assert (visitor.at, visitor.status) == (f"/account/{page}", 200)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_the_number_or_the_password_in_clear(wang: Citizen, page: str) -> None:
    wang.visits(f"/account/{page}")

    assert wang.status == 200
    assert wang.number not in wang.text
    assert GOOD not in wang.text


def test_the_home_page_says_how_one_signs_in_and_when_one_did_last(
    wang: Citizen, citizens: Citizens
) -> None:
    assert "上次登录" not in wang.visits("/account/").text
    phone = citizens(wang.number).signs_in_by_code()

    assert "138****0001" in phone.text
    assert "wang_xm" in phone.text
    assert "上次登录" in phone.text


class TestPassword:
    def test_may_be_changed_and_ends_the_other_sessions(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        other = citizens(wang.number).signs_in_by_code()

        wang.visits("/account/password")
        wang.submits("password-submit", password=GOOD, new_password=NEW)

        assert (wang.at, wang.status) == ("/account/", 200)
        assert other.visits("/account/").at == "/login/"
        assert citizens("13822220000").signs_in_by_password("wang_xm", NEW).at == "/account/"

    def test_is_told_by_message_when_it_changes(self, wang: Citizen) -> None:
        wang.visits("/account/password")
        wang.submits("password-submit", password=GOOD, new_password=NEW)

        assert any("密码已修改" in text for text in wang.phone.texts())

    def test_needs_the_present_one(self, wang: Citizen) -> None:
        wang.visits("/account/password")
        wang.submits("password-submit", password="wrong", new_password=NEW)
        assert (wang.status, "HT-4003" in wang.text) == (403, True)

        wang.posts("/account/password", new_password=NEW)
        assert (wang.status, "HT-4003" in wang.text) == (403, True)

    def test_is_not_guessed_through_this_page(self, wang: Citizen) -> None:
        wang.visits("/account/password")
        for _ in range(5):
            wang.submits("password-submit", password="wrong", new_password=NEW)

        wang.submits("password-submit", password=GOOD, new_password=NEW)

        assert (wang.status, "HT-4005" in wang.text) == (429, True)

    def test_weak_is_refused_with_reasons(self, wang: Citizen) -> None:
        wang.visits("/account/password")

        wang.submits("password-submit", password=GOOD, new_password="wang_xm1")

        assert (wang.status, "new_password-error" in wang.text) == (400, True)

    def test_may_be_set_by_who_had_none(self, citizens: Citizens) -> None:
        li = citizens().signs_up(username="li_na")
        li.visits("/account/password")

        li.submits("password-submit", new_password=NEW)

        assert li.at == "/account/"
        assert citizens("13822220000").signs_in_by_password("li_na", NEW).at == "/account/"


class TestUsername:
    def test_may_be_changed(self, wang: Citizen, citizens: Citizens) -> None:
        wang.visits("/account/username").submits("username-submit", username="xiaoming_w")

        assert "xiaoming_w" in wang.text
        assert citizens("13822220000").signs_in_by_password("xiaoming_w", GOOD).at == "/account/"

    def test_taken_or_unfit_is_refused_and_kept_in_the_form(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens().signs_up(username="li_na")
        li.visits("/account/username").submits("username-submit", username="WANG_XM")
        assert (li.status, 'value="WANG_XM"' in li.text) == (409, True)

        li.submits("username-submit", username="13800000001")

        assert (li.status, "HT-3001" in li.text) == (400, True)


class TestFreshness:
    @pytest.mark.parametrize("page", ["password", "username", "phone"])
    def test_a_change_asks_to_sign_in_again_after_ten_minutes(
        self, wang: Citizen, page: str
    ) -> None:
        with later(minutes=11):
            wang.visits(f"/account/{page}")
            assert wang.at == "/login/"
            assert "请再次验证身份" in wang.text
            wang.visits(wang.at_url("m=password"))
            wang.submits("login-submit", username="wang_xm", password=GOOD)

            assert (wang.at, wang.status) == (f"/account/{page}", 200)

    def test_a_form_kept_open_changes_nothing(self, wang: Citizen, citizens: Citizens) -> None:
        wang.visits("/account/password")
        with later(minutes=11):
            wang.submits("password-submit", password=GOOD, new_password=NEW)
            assert wang.at == "/login/"

        assert citizens("13822220000").signs_in_by_password("wang_xm", GOOD).at == "/account/"

    def test_another_person_cannot_freshen_it(self, wang: Citizen, citizens: Citizens) -> None:
        citizens().signs_up(username="li_na", password=GOOD)
        with later(minutes=11):
            wang.visits("/account/password").visits(wang.at_url("m=password"))

            wang.submits("login-submit", username="li_na", password=GOOD)

            assert (wang.status, "HT-2021" in wang.text) == (403, True)


class TestNumber:
    def test_is_changed_by_proving_the_new_one_and_the_old_one_is_told(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        new = citizens("13822220000")
        wang.visits("/account/phone").submits("send-code", phone="13822220000")

        wang.submits("phone-submit", sms_code=new.phone.code())

        assert wang.at == "/account/"
        assert "138****0000" in wang.text
        assert any("手机号码已更换" in text for text in wang.phone.texts())
        new.signs_in_by_code()
        assert "与您平时的情况不同" in new.text, "a number just changed, in a new browser"
        assert new.submits("login-submit", username="wang_xm", password=GOOD).at == "/account/"

    def test_stays_when_the_code_is_wrong(self, wang: Citizen, citizens: Citizens) -> None:
        code = citizens("13822220000").phone
        wang.visits("/account/phone").submits("send-code", phone="13822220000")
        wrong = "000000" if code.code() != "000000" else "111111"

        wang.submits("phone-submit", sms_code=wrong)

        assert (wang.status, "HT-5011" in wang.text) == (400, True)
        assert "138****0001" in wang.visits("/account/").text

    def test_of_another_account_is_refused_after_the_proof_and_nothing_more_is_said(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens("13822220000").signs_up(username="li_na")
        wang.visits("/account/phone").submits("send-code", phone=li.number)
        assert "HT-4006" not in wang.text

        wang.submits("phone-submit", sms_code=li.phone.code())

        assert (wang.status, "HT-4006" in wang.text) == (409, True)
        assert "li_na" not in wang.text
        assert "138****0001" in wang.visits("/account/").text

    def test_long_unproven_elsewhere_comes_to_who_proves_it_now(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens("13822220000").signs_up()
        with app.app_context():
            account = accounts.by_phone("+8613822220000")
            assert account is not None
            old = account.id
            account.phone_proven_at = now() - timedelta(days=91)
            db.session.commit()
        wang.visits("/account/phone").submits("send-code", phone=li.number)

        wang.submits("phone-submit", sms_code=li.phone.code())

        assert wang.at == "/account/"
        assert li.visits("/account/").status == 200
        assert li.at == "/login/"
        with app.app_context():
            former = accounts.by_id(old)
            assert former is not None
            assert former.status == accounts.FROZEN

    def test_page_of_one_person_is_no_good_to_another(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        wang.visits("/account/phone")
        url = wang.page.request.full_path
        li = citizens().signs_up()

        li.visits(url)

        assert li.status == 403


class TestSessions:
    def test_lists_devices_and_ends_one(self, wang: Citizen, citizens: Citizens) -> None:
        other = citizens(wang.number).signs_in_by_code()
        wang.visits("/account/sessions")
        assert wang.text.count("Chrome · Android") >= 2

        ending = "end-session-1" if 'id="end-session-1"' in wang.text else "end-session-2"
        wang.submits(ending)

        assert wang.visits("/account/").at == "/account/"
        assert other.visits("/account/").at == "/login/"

    def test_ends_all_others_and_stays(self, wang: Citizen, citizens: Citizens) -> None:
        others = [citizens(wang.number).signs_in_by_code() for _ in range(2)]

        wang.visits("/account/sessions").submits("end-others")

        assert wang.at == "/account/sessions"
        assert [other.visits("/account/").at for other in others] == ["/login/"] * 2

    def test_does_not_end_another_persons(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens().signs_up()
        with app.app_context():
            (theirs,) = sessions.list_of(_account_id(li))
        wang.visits("/account/username")

        wang.posts("/account/sessions/end", session=theirs.id)

        assert (wang.status, "HT-4007" in wang.text) == (404, True)
        assert li.visits("/account/").at == "/account/"

    def test_a_stopped_account_sees_nothing(self, app: flask.Flask, wang: Citizen) -> None:
        with app.app_context():
            stops.stop(_account_id(wang), stops.OTHER, staff.Act("1", "test"))

        wang.visits("/account/")

        assert wang.at == "/login/"


class TestPortals:
    @pytest.fixture
    def connected(self, app: flask.Flask, wang: Citizen) -> Citizen:
        """One portal by consent, one by a statute."""
        with app.app_context():
            for client_id, given in _PORTALS.items():
                standing.create_client(client_id, given | _portal(client_id))
                registration = clients.look_up(client_id)
                assert registration is not None
                consents.give(_account_id(wang), registration, {"phone_number"})
        return wang

    def test_shows_what_each_was_told_and_why(self, connected: Citizen) -> None:
        connected.visits("/account/portals")

        assert "您已同意" in connected.text
        assert "《住房公积金管理条例》第十三条" in connected.text
        assert "138****0001" in connected.text

    def test_consent_may_be_withdrawn(self, app: flask.Flask, connected: Citizen) -> None:
        connected.visits("/account/portals/shebao/withdraw").submits("withdraw-yes")

        assert connected.at == "/account/portals"
        with app.app_context():
            assert connections.find(_account_id(connected), "shebao").withdrawn_at

    def test_a_statute_may_not(self, app: flask.Flask, connected: Citizen) -> None:
        connected.visits("/account/username")

        connected.posts("/account/portals/gjj/withdraw")

        assert (connected.status, "HT-4008" in connected.text) == (404, True)
        with app.app_context():
            assert connections.find(_account_id(connected), "gjj").live

    def test_asking_for_the_page_withdraws_nothing(
        self, app: flask.Flask, connected: Citizen
    ) -> None:
        connected.visits("/account/portals/shebao/withdraw")

        with app.app_context():
            assert connections.find(_account_id(connected), "shebao").live


@pytest.mark.parametrize(
    "path", ["password", "username", "phone", "phone/send", "sessions/end", "sessions/end-others"]
)
def test_a_form_without_our_token_changes_nothing(wang: Citizen, path: str) -> None:
    wang.visits("/account/")

    wang.posts(f"/account/{path}", csrf_token="made-up", username="evil_name", new_password=NEW)

    assert (wang.status, "HT-9005" in wang.text) == (400, True)


def test_the_history_lists_sign_ins(wang: Citizen, citizens: Citizens) -> None:
    phone = citizens(wang.number).signs_in_by_code()

    phone.visits("/account/history")

    assert phone.text.count("短信验证码") == 2


def test_the_history_lists_failures_and_changes_in_plain_words(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    citizens("13822220000").signs_in_by_password("wang_xm", "wrong password")
    wang.visits("/account/password")
    wang.submits("password-submit", password=GOOD, new_password=NEW)
    with app.app_context():
        audit.copy_streams()

    wang.visits("/account/history")

    assert "未成功" in wang.text
    assert "设置或修改密码" in wang.text
    assert "开立账号" in wang.text


_PORTALS: dict[str, dict[str, object]] = {
    "shebao": {"legal_basis": "consent"},
    "gjj": {
        "legal_basis": "statutory",
        "statute": "《住房公积金管理条例》第十三条",
        "claims": ["phone_number", "phone_number_verified"],
    },
}


def _portal(client_id: str) -> dict[str, object]:
    return {
        "name": client_id,
        "redirect_uris": [f"https://{client_id}.test/callback"],
        "scope": "openid phone",
        "home_uri": f"https://{client_id}.test/",
    }


def _account_id(citizen: Citizen) -> str:
    account = accounts.by_phone(f"+86{citizen.number}")
    assert account is not None
    return account.id


class TestDevices:
    def test_a_browser_that_is_forgotten_is_told_of_again(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        other = citizens(wang.number).signs_in_by_password("wang_xm", GOOD)
        told = len(wang.phone.texts())
        _again(other)
        assert len(wang.phone.texts()) == told, "known by now"

        wang.visits("/account/sessions").submits("forget-2" if _first(wang) else "forget-1")
        assert "已忘记" in wang.text
        _again(other)

        assert len(wang.phone.texts()) == told + 1

    def test_nobody_forgets_another_persons(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        with app.app_context():
            theirs = db.session.scalars(select(KnownBrowser)).one().browser
        thief = citizens().signs_up()
        citizens(thief.number).signs_in_by_code()
        for named in (theirs[:16], theirs, ""):
            thief.visits("/account/sessions").posts("/account/sessions/forget", browser=named)
            assert (thief.at, thief.status) == ("/account/sessions", 200)

        with app.app_context():
            assert len(db.session.scalars(select(KnownBrowser)).all()) == 3


def _again(citizen: Citizen) -> None:
    citizen.visits("/oauth/logout").submits("logout-yes")
    citizen.signs_in_by_password("wang_xm", GOOD)


def _first(citizen: Citizen) -> bool:
    """Whether the browser at hand stands first in the list of those known."""
    return "forget-1" not in citizen.text


class TestHistory:
    def test_every_line_is_on_one_page(self, app: flask.Flask, wang: Citizen) -> None:
        """Three of them at the same moment each, as when one press wrote them."""
        yesterday = now() - timedelta(days=1)
        with app.app_context():
            account = accounts.by_phone(f"+86{wang.number}")
            assert account is not None
            for number in range(120):
                db.session.add(
                    SignIn(
                        account_id=account.id,
                        at=yesterday - timedelta(seconds=number // 3),
                        methods=["sms"],
                        terminal=f"Browser {number:03}",
                    )
                )
            db.session.commit()

        seen: list[str] = []
        wang.visits("/account/history")
        while True:
            seen += re.findall(r"Browser \d{3}", wang.text)
            older = re.search(r'href="(/account/history\?before=[^"]+)"', wang.text)
            if older is None:
                break
            wang.visits(unescape(older[1]))

        assert sorted(seen) == [f"Browser {number:03}" for number in range(120)]
        assert [int(each[-3:]) // 3 for each in seen] == [n // 3 for n in range(120)]

    def test_what_happened_this_very_moment_is_there(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        with time_machine.travel(datetime.now(UTC), tick=False):
            citizen = citizens().signs_up()
            assert "开立账号" in citizen.visits("/account/history").text

    @pytest.mark.parametrize(
        "before",
        [
            "",
            "x",
            "9" * 30,
            "９",
            "2026-01-01~a",
            "2026-01-01T00:00:00%2B00:00~'",
            "0001-01-01T00:00:00%2B14:00~a",
            "9999-12-31T23:59:59-14:00~a",
        ],
    )
    def test_a_strange_address_is_a_page_all_the_same(self, wang: Citizen, before: str) -> None:
        assert wang.visits(f"/account/history?before={before}").status == 200
