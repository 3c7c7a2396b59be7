"""Signing in by a scan: a screen shows a picture, a phone that is signed in says yes or no."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus

import flask
import pytest
import time_machine
from redis.connection import AbstractConnection
from sqlalchemy import select

from idp import interactions, joining, sessions
from idp.login import pages
from idp.sessions import Session
from idp.store import accounts, scans
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.scans import Scan, State
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


@pytest.fixture
def phone(citizens: Citizens) -> Citizen:
    """A phone that has just signed in."""
    return citizens().signs_up(username="wang_xm", password=GOOD)


@pytest.fixture
def screen(citizens: Citizens) -> Citizen:
    """A browser that shows the picture."""
    return shows_a_picture(citizens())


def shows_a_picture(citizen: Citizen) -> Citizen:
    citizen.visits("/login/")
    return citizen.visits(citizen.at_url("m=scan"))


def token_of(screen: Citizen) -> str:
    found = re.search(r"state\?t=([\w-]{22})", screen.text)
    assert found, "no picture is shown"
    return found[1]


def scanned(phone: Citizen, screen: Citizen) -> Citizen:
    return phone.visits(f"/account/scan/{token_of(screen)}")


def state(screen: Citizen, token: str) -> dict[str, object]:
    answer = screen.browser.get(f"/login/scan/state?t={token}")
    found: dict[str, object] = answer.get_json()
    return found


def later(**time: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(**time), tick=True)


def test_without_a_script_the_page_looks_again_for_who_asks_for_it(
    phone: Citizen, screen: Citizen
) -> None:
    def again() -> str | None:
        assert screen.page is not None
        return screen.page.headers.get("Refresh")

    token = token_of(screen)
    assert again() is None
    found = re.search(r'href="([^"]+)" id="scan-refresh"', screen.text)
    assert found
    screen.visits(unescape(found[1]))
    assert (again(), token_of(screen)) == ("2", token)
    assert "停止自动刷新" in screen.text

    scanned(phone, screen)
    screen.visits(unescape(found[1]))
    assert ("已扫描" in screen.text, again()) == (True, "2")

    phone.submits("scan-yes")
    screen.visits(unescape(found[1]))
    assert ("已确认" in screen.text, again()) == (True, None)


def test_who_says_yes_on_the_phone_is_signed_in_on_the_screen(
    phone: Citizen, screen: Citizen
) -> None:
    token = token_of(screen)
    assert state(screen, token)["message"] == "等待扫码。"

    scanned(phone, screen)
    assert "确认登录" in phone.text
    assert "203.0.113.*" in phone.text
    assert "已扫描" in str(state(screen, token)["message"])

    phone.submits("scan-yes")
    assert "已确认登录" in phone.text
    assert state(screen, token)["done"]

    screen.submits("login-submit")
    assert (screen.at, screen.status) == ("/account/", 200)
    assert "wang_xm" in screen.text


def test_who_says_no_signs_nobody_in(phone: Citizen, screen: Citizen) -> None:
    token = token_of(screen)
    scanned(phone, screen).submits("scan-no")

    assert "96110" in phone.text
    assert state(screen, token)["over"]
    screen.submits("login-submit")
    assert screen.status == 403
    assert "已在手机上取消登录" in screen.text
    assert screen.visits("/account/").at == "/login/"


def test_going_on_before_the_yes_says_what_is_missing(phone: Citizen, screen: Citizen) -> None:
    screen.submits("login-submit")
    assert (screen.status, "还没有在手机上确认" in screen.text) == (409, True)
    token = token_of(screen)

    scanned(phone, screen).submits("scan-yes")

    assert token_of(screen) == token, "the picture stays the same"
    assert screen.submits("login-submit").at == "/account/"


def test_a_picture_is_used_once(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen).submits("scan-yes")
    form = screen.page
    screen.submits("login-submit")
    screen.visits("/account/")
    screen.page = form
    screen.submits("login-submit")

    assert screen.at == "/login/", "the sign-in is done, and says so"


def test_a_picture_lives_two_minutes_and_a_new_one_is_asked_for(
    phone: Citizen, screen: Citizen, app: flask.Flask
) -> None:
    token = token_of(screen)
    with app.app_context():
        found = scans.find(token)
        assert found is not None
        assert scans.move(found, found, timedelta(milliseconds=1)) is not None
    time.sleep(0.01)

    assert state(screen, token) == {"over": True, "done": False, "message": "二维码已失效。"}
    assert phone.visits(f"/account/scan/{token}").status == 410
    screen.submits("login-submit")
    assert (screen.status, "二维码已失效" in screen.text) == (410, True)
    screen.submits("scan-again")
    assert token_of(screen) != token
    scanned(phone, screen).submits("scan-yes")
    assert screen.submits("login-submit").at == "/account/"


def test_the_second_phone_is_told_that_another_was_first(
    phone: Citizen, screen: Citizen, citizens: Citizens
) -> None:
    other = citizens().signs_up()
    scanned(phone, screen)

    scanned(other, screen)
    assert (other.status, "另一部手机" in other.text) == (409, True)
    other.posts(f"/account/scan/{token_of(screen)}", answer="yes")
    assert other.status in {400, 409}

    assert state(screen, token_of(screen))["done"] is False


def test_a_phone_that_is_not_signed_in_signs_in_and_comes_back(
    screen: Citizen, phone: Citizen, citizens: Citizens
) -> None:
    cold = citizens(phone.number)
    scanned(cold, screen)
    assert cold.at == "/login/"

    cold.visits(cold.at_url("m=sms")).signs_in_by_code()

    assert cold.at.startswith("/account/scan/")
    cold.submits("scan-yes")
    assert screen.submits("login-submit").at == "/account/"


def test_a_phone_whose_proof_is_old_proves_itself_again_first(
    phone: Citizen, citizens: Citizens
) -> None:
    with later(minutes=20):
        screen = citizens().visits("/login/")
        screen.visits(screen.at_url("m=scan"))
        scanned(phone, screen)

        assert phone.at == "/login/"
        phone.visits(phone.at_url("m=password"))
        phone.submits("login-submit", username="wang_xm", password=GOOD)
        assert "确认登录" in phone.text


def test_the_screen_has_one_factor_whatever_the_phone_has(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    phone.visits("/account/methods/two-factor").visits(phone.at_url("m=password"))
    phone.submits("login-submit", username="wang_xm", password=GOOD)

    scanned(phone, screen).submits("scan-yes")
    screen.submits("login-submit")

    assert answers(app) == ["ok"]
    session = session_of(app)
    assert set(session.amr) == {"sms", "scan"}
    assert session.level.aal == 1


def test_a_password_on_the_phone_and_on_the_screen_are_one_kind(
    app: flask.Flask, phone: Citizen, citizens: Citizens, screen: Citizen
) -> None:
    by_password = citizens(phone.number).signs_in_by_password("wang_xm", GOOD)
    scanned(by_password, screen).submits("scan-yes")
    screen.submits("login-submit")

    assert set(session_of(app).amr) == {"pwd", "scan"}
    screen.visits("/account/methods/two-factor").visits(screen.at_url("m=password"))
    screen.submits("login-submit", username="wang_xm", password=GOOD)
    assert "send-code" in screen.text, "two factors are still asked for"
    assert 'name="password"' not in screen.text, "only the phone adds a kind"


def test_a_session_that_came_by_a_scan_approves_another_by_a_proof_of_its_own(
    app: flask.Flask, phone: Citizen, screen: Citizen, citizens: Citizens
) -> None:
    scanned(phone, screen).submits("scan-yes")
    screen.submits("login-submit")
    third = shows_a_picture(citizens())

    scanned(screen, third)

    assert screen.at == "/login/"
    screen.visits(screen.at_url("m=password"))
    screen.submits("login-submit", username="wang_xm", password=GOOD).submits("scan-yes")
    third.submits("login-submit")
    assert set(session_of(app).amr) == {"pwd", "scan"}


def test_a_scan_opens_nothing_that_guards_the_account(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen).submits("scan-yes")
    screen.submits("login-submit")

    for guarded in ("password", "phone", "close", "export"):
        screen.visits(f"/account/{guarded}")
        assert screen.at == "/login/", guarded
        assert "m=scan" not in screen.text, "nor does another one"

    screen.visits("/account/password").visits(screen.at_url("m=password"))
    screen.submits("login-submit", username="wang_xm", password=GOOD)
    assert screen.at == "/account/password"


def test_the_phone_is_still_told_of_its_yes_when_the_screen_was_quicker(
    phone: Citizen, screen: Citizen
) -> None:
    token = token_of(screen)
    scanned(phone, screen).submits("scan-yes")
    screen.submits("login-submit")

    assert "已确认登录" in phone.visits(f"/account/scan/{token}").text
    assert phone.visits(f"/account/scan/{token}").status == 200
    assert state(screen, token)["over"]


def test_a_yes_said_twice_or_taken_back_late_is_the_first_answer(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    token = token_of(screen)
    scanned(phone, screen)
    for answer in ("yes", "yes", "no"):
        phone.posts(f"/account/scan/{token}", answer=answer)

    assert state(screen, token)["done"]
    assert answers(app) == ["ok"]


def test_an_answer_that_is_none_is_a_no(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen).posts(f"/account/scan/{token_of(screen)}", answer="perhaps")

    assert "已取消登录" in phone.text


def test_yes_and_no_at_once_have_one_outcome(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    """Two tabs of the phone."""
    token = token_of(screen)
    tabs = [copy(scanned(phone, screen)) for _ in range(4)]

    def say(tab: Citizen, answer: str) -> Citizen:
        return tab.posts(f"/account/scan/{token}", answer=answer)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(say, tabs, ("yes", "no", "yes", "no")))

    assert {each.status for each in told} <= {HTTPStatus.OK, HTTPStatus.GONE}
    assert len(answers(app)) == 1


def test_of_two_phones_that_scan_at_once_one_goes_on_and_the_other_is_told(
    phone: Citizen, screen: Citizen, citizens: Citizens
) -> None:
    other = citizens().signs_up()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: scanned(each, screen), (phone, other)))

    assert sorted((phone.status, other.status)) == [200, 409]
    first, second = (phone, other) if phone.status == HTTPStatus.OK else (other, phone)
    assert "另一部手机" in second.text
    first.submits("scan-yes")
    assert screen.submits("login-submit").at == "/account/"


def test_an_account_stopped_after_the_yes_is_not_signed_in(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    scanned(phone, screen).submits("scan-yes")
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        account.status = accounts.STOPPED
        db.session.commit()

    screen.submits("login-submit")

    assert screen.visits("/account/").at == "/login/"


def test_a_number_changed_after_the_yes_voids_it(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    scanned(phone, screen).submits("scan-yes")
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        account.password_set_at = datetime.now(UTC)
        db.session.commit()

    assert screen.submits("login-submit").status == 410


def test_no_account_is_joined_by_a_scan(citizens: Citizens, app: flask.Flask) -> None:
    """Who is shown a picture agrees to a sign-in, not to give their account away."""
    with app.test_request_context():
        joins = interactions.open_("/account/", reason=joining.REASON)
        assert "scan" not in pages.on_offer(joins)
        assert "sms" in pages.on_offer(joins)


def test_a_key_that_cannot_leave_its_device_is_an_ordinary_one_elsewhere(
    app: flask.Flask, phone: Citizen, screen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    proved = {"hwk": time.time(), "mfa": time.time()}
    with monkeypatch.context() as patched:
        patched.setattr(Session, "shown", property(lambda _: proved))
        scanned(phone, screen).submits("scan-yes")

    screen.submits("login-submit")

    assert set(session_of(app).amr) == {"swk", "scan"}


def test_signing_out_on_the_phone_takes_the_yes_along(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen).submits("scan-yes")
    phone.visits("/oauth/logout").submits("logout-yes")

    screen.submits("login-submit")

    assert screen.status == 410
    assert screen.visits("/account/").at == "/login/"


def test_another_browser_neither_sees_the_state_nor_uses_the_yes(
    phone: Citizen, screen: Citizen, citizens: Citizens
) -> None:
    scanned(phone, screen).submits("scan-yes")
    thief = citizens()

    assert state(thief, token_of(screen))["over"] is True
    assert screen.page is not None
    thief.visits(f"{screen.page.request.path}?{screen.page.request.query_string.decode()}")
    thief.submits("login-submit") if "login-submit" in thief.text else None
    assert thief.visits("/account/").at == "/login/"


def test_the_approval_is_a_form_of_our_own(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen)
    forged = phone.browser.post(f"/account/scan/{token_of(screen)}", data={"answer": "yes"})

    assert forged.status_code == 400
    assert state(screen, token_of(screen))["done"] is False


def test_whoever_wants_two_factors_is_asked_for_the_other_on_the_screen(
    app: flask.Flask, phone: Citizen, screen: Citizen
) -> None:
    with app.app_context():
        account = accounts.by_phone(f"+86{phone.number}")
        assert account is not None
        account.two_factor = True
        db.session.commit()
    scanned(phone, screen).submits("scan-yes")

    screen.submits("login-submit")

    assert (screen.at, "两种验证方式" in screen.text) == ("/login/", True)
    screen.submits("login-submit", username="wang_xm", password=GOOD)
    assert screen.at == "/account/"


def test_the_phone_is_told_of_a_screen_new_to_the_account(phone: Citizen, screen: Citizen) -> None:
    scanned(phone, screen).submits("scan-yes")
    screen.submits("login-submit")

    assert any("新设备" in each for each in phone.phone.texts())


def test_a_screen_that_waits_costs_one_question_to_redis(
    screen: Citizen, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, asked = token_of(screen), 0
    state(screen, token)
    send = AbstractConnection.send_packed_command

    def sent(self: AbstractConnection, *given: object, **more: object) -> object:
        nonlocal asked
        asked += 1
        return send(self, *given, **more)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sent)
    state(screen, token)

    assert asked == 1


def test_of_two_phones_that_approve_at_once_one_is_first(inside: flask.Flask) -> None:
    waiting = scans.begin(Scan("i", "b", "Edge", "203.0.113.0/24", ""), timedelta(minutes=2))

    def answer(number: int) -> bool:
        with inside.app_context():
            mine = replace(waiting, state=State.SCANNED, account_id=str(number))
            return scans.move(waiting, mine, timedelta(minutes=2)) is not None

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(answer, range(8)))

    found = scans.find(waiting.token)
    assert won.count(True) == 1
    assert found is not None and found.account_id == str(won.index(True))


def answers(app: flask.Flask) -> list[str]:
    """What people said on their phones, as the trail has it."""
    with app.app_context():
        said = select(AuditEvent).filter_by(action="scan.answered")
        return [each.outcome for each in db.session.scalars(said)]


def session_of(app: flask.Flask) -> Session:
    """The one that began by a scan."""
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        return next(each for each in sessions.list_of(account.id) if "scan" in each.amr)
