"""It was not me: the link of a notice freezes, and what comes after takes more than the phone."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import flask
import pytest
from sqlalchemy import select

from idp import stops
from idp.staff import Act
from idp.store import accounts
from idp.store.accounts import ACTIVE, FROZEN
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.notices import Notice
from idp.store.outbox import OutboxMessage
from idp.store.types import now
from tests import forms
from tests.actors import Citizen
from tests.flows import test_recovery_with_a_wait as wait
from tests.flows.test_recovery_by_face import named, shows, with_faces
from tests.flows.test_recovery_with_a_wait import (
    CLERK,
    NEW,
    NEW_NUMBER,
    OLD,
    begins,
    continues,
    elapse,
    finishes,
    holder,
    put,
    reference_on,
    state_of,
)
from tests.flows.test_sign_in import GOOD, id_of, signed_in

__all__ = ["begins", "holder", "shows"]
Citizens = Callable[..., Citizen]
LAST = "Another-Lantern 88 夜"
LINK = re.compile(r"http://localhost:8000(/n/[0-9A-Za-z]{12})")


@pytest.fixture
def changes(sandbox: tuple[str, object]) -> dict[str, object]:
    return with_faces(sandbox[0])


@pytest.fixture
def owner(citizens: Citizens) -> Citizen:
    """Signed in, with a password, long settled, and no name."""
    citizen = citizens(OLD).signs_up(username="wang_xm", password=GOOD)
    with citizen.app.app_context():
        account = accounts.by_phone(f"+86{OLD}")
        assert account is not None
        account.password_settles_at = None
        account.password_set_at = now() - timedelta(days=90)
        db.session.commit()
    return citizen


@pytest.fixture
def thief(owner: Citizen, citizens: Citizens) -> Citizen:
    """Has the password, and has just signed in with it."""
    return citizens("13899990000").signs_in_by_password("wang_xm", GOOD)


def link_in(citizen: Citizen, about: str = "") -> str:
    """The one in the message received last that says ``about``."""
    found = [LINK.search(text) for text in citizen.phone.texts() if about in text]
    assert any(found), citizen.phone.texts()
    return [each for each in found if each][-1][1]


def freezes(citizen: Citizen, about: str = "") -> Citizen:
    """In a browser of its own: whoever has the phone opens the link there."""
    other = Citizen(citizen.app, citizen.phone, "203.0.113.9")
    return other.visits(link_in(citizen, about)).submits("freeze-account")


def status_of(app: flask.Flask, account_id: str) -> str:
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        return account.status


class TestTheLink:
    def test_says_what_happened_and_nothing_of_whom(self, owner: Citizen, thief: Citizen) -> None:
        reader = Citizen(owner.app, owner.phone).visits(link_in(owner))
        assert "新设备上登录" in reader.text
        for personal in (OLD, OLD[-4:], "wang_xm"):
            assert personal not in reader.text

    def test_looking_at_it_does_nothing(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        for _ in range(2):
            Citizen(app, owner.phone).visits(link_in(owner))
        assert signed_in(thief.visits("/account/"))
        assert status_of(app, id_of(app, owner)) == ACTIVE

    def test_freezes_and_ends_every_session(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        account_id = id_of(app, owner)
        frozen = freezes(owner)
        assert "账号已冻结" in frozen.text
        assert status_of(app, account_id) == FROZEN
        assert thief.visits("/account/").at == "/login/"
        assert owner.visits("/account/").at == "/login/"
        assert any("账号已冻结" in text for text in owner.phone.texts())
        with app.app_context():
            events = db.session.scalars(select(AuditEvent).filter_by(action="account.frozen"))
            assert [(each.reason) for each in events] == ["new_sign_in"]

    def test_works_once_whoever_presses(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        url = link_in(owner)
        readers = [Citizen(app, owner.phone, f"203.0.113.{n}").visits(url) for n in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: each.submits("freeze-account"), readers))
        assert all(each.status == 200 for each in readers)
        with app.app_context():
            events = db.session.scalars(select(AuditEvent).filter_by(action="account.frozen"))
            assert len(list(events)) == 1

    def test_is_over_after_a_week(self, app: flask.Flask, owner: Citizen, thief: Citizen) -> None:
        url = link_in(owner)
        with app.app_context():
            for each in db.session.scalars(select(Notice)):
                each.until = now()
            db.session.commit()
        reader = Citizen(app, owner.phone).visits(url)
        assert (reader.status, "HT-3513" in reader.text) == (404, True)
        reader.posts(url)
        assert status_of(app, id_of(app, owner)) == ACTIVE

    @pytest.mark.parametrize("token", ["x" * 12, "0", "a" * 500, "%00", "汉字"])
    def test_nobody_guesses_one(self, owner: Citizen, token: str) -> None:
        assert Citizen(owner.app, owner.phone).visits(f"/n/{token}").status == 404

    def test_takes_our_own_form(self, app: flask.Flask, owner: Citizen, thief: Citizen) -> None:
        reader = Citizen(app, owner.phone).visits(link_in(owner))
        reader.submits("freeze-account", csrf_token="made-up")
        assert "HT-9005" in reader.text
        assert status_of(app, id_of(app, owner)) == ACTIVE

    def test_is_stored_by_its_digest_alone(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        token = link_in(owner).rpartition("/")[2]
        with app.app_context():
            for row in db.session.scalars(select(Notice)):
                assert token not in {row.token, row.id}
            for message in db.session.scalars(select(OutboxMessage)):
                assert token not in str(message.payload)

    def test_of_one_account_freezes_no_other(
        self, app: flask.Flask, owner: Citizen, thief: Citizen, citizens: Citizens
    ) -> None:
        other = citizens(NEW_NUMBER).signs_up()
        freezes(owner)
        assert status_of(app, id_of(app, other)) == ACTIVE


class TestWhatWasUnderWay:
    def test_a_recovery_by_face_is_void(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        begins()
        freezes(holder, "申请找回")
        assert state_of(app, id_of(app, holder)) == ["cancelled"]

    def test_one_from_the_hall_goes_on(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        """A stolen phone keeps nobody out for ever."""
        account_id, hall, lost = id_of(app, holder), wait.TestInTheHall(), citizens(NEW_NUMBER)
        code = hall.slip(lost)
        hall.decides(app, code)
        freezes(holder, "申请找回")
        assert state_of(app, account_id) == ["pending"]
        elapse(app)
        assert "账号已找回" in finishes(continues(lost, code)).text
        assert status_of(app, account_id) == ACTIVE

    def test_a_recovery_begun_for_a_frozen_account_thaws_it(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen], citizens: Citizens
    ) -> None:
        account_id = id_of(app, holder)
        citizens("13899990000").signs_in_by_password("wang_xm", GOOD)
        freezes(holder)
        lost = begins()
        elapse(app)
        finishes(continues(lost, reference_on(lost)))
        assert status_of(app, account_id) == ACTIVE


class TestGoingOn:
    def test_two_factors_and_a_new_password_and_all_is_looked_through(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        freezes(owner)
        owner.signs_in_by_code("/login/?m=sms")
        assert owner.at == "/login/", owner.at
        assert "账号已冻结" in owner.text
        owner.submits("login-submit", username="wang_xm", password=GOOD)
        assert owner.at == "/login/secure"
        owner.submits("secure-submit", new_password=NEW)
        assert owner.at == "/account/review"
        assert status_of(app, id_of(app, owner)) == ACTIVE
        assert thief.tries_password("wang_xm", GOOD).status == 400
        assert thief.tries_password("wang_xm", NEW).at == "/account/"
        assert any("解除冻结" in text for text in owner.phone.texts())

    @pytest.mark.parametrize("known", ["the password", "the phone"])
    def test_one_factor_alone_goes_on_with_nothing(
        self, app: flask.Flask, owner: Citizen, thief: Citizen, known: str
    ) -> None:
        freezes(owner)
        if known == "the password":
            thief.signs_in_by_password("wang_xm", GOOD)
        else:
            thief = Citizen(app, owner.phone, "203.0.113.8").signs_in_by_code()
        query = thief.page.request.query_string.decode()
        thief.visits(f"/login/secure?{query}")
        assert thief.status == 409
        thief.visits(f"/login/secure/face?{query}")
        assert thief.status == 409
        assert not signed_in(thief.visits("/account/"))
        assert status_of(app, id_of(app, owner)) == FROZEN

    def test_the_phone_resets_no_password_meanwhile(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        freezes(owner)
        phone = Citizen(app, owner.phone).visits("/recover/").submits("send-code", phone=OLD)
        phone.submits("code-submit", sms_code=phone.phone.code())
        assert (phone.status, "HT-3512" in phone.text) == (403, True)

    def test_a_password_changed_lately_is_no_proof(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        """The thief has changed it; the holder has the number, and the account no more to show."""
        thief.visits("/account/password")
        thief.submits("password-submit", password=GOOD, new_password=NEW)
        freezes(owner, "密码已修改")
        thief.signs_in_by_password("wang_xm", NEW)
        assert not signed_in(thief.visits("/account/"))
        owner.signs_in_by_code("/login/?m=sms")
        assert owner.at == "/login/secure", "the number is all that is not in doubt"
        owner.submits("secure-submit", new_password=LAST)
        assert owner.at == "/account/review"
        with app.app_context():
            account = accounts.by_phone(f"+86{OLD}")
            assert account is not None
            assert not account.password_settled, "the phone alone has set it"

    def test_with_a_name_the_face_goes_on_and_the_phone_alone_does_not(
        self,
        app: flask.Flask,
        owner: Citizen,
        thief: Citizen,
        shows: Callable[..., Citizen],
    ) -> None:
        named(app, id_of(app, owner), 2)
        thief.visits("/account/password")
        thief.submits("password-submit", password=GOOD, new_password=NEW)
        freezes(owner, "密码已修改")
        owner.signs_in_by_code("/login/?m=sms")
        assert owner.at == "/login/"
        shows(owner.visits(forms.link(owner.text, "prove-face")))
        assert owner.at == "/login/secure"
        owner.submits("secure-submit", new_password=LAST)
        assert owner.at == "/account/review"

    def test_a_number_changed_lately_is_no_proof(
        self, app: flask.Flask, owner: Citizen, citizens: Citizens
    ) -> None:
        """The thief has signed in by the stolen phone, and given the account a number of theirs."""
        account_id = id_of(app, owner)
        thief = Citizen(app, owner.phone, "203.0.113.8").signs_in_by_code()
        thief.visits("/account/phone")
        theirs = citizens(NEW_NUMBER)
        thief.submits("send-code", phone=NEW_NUMBER)
        thief.submits("phone-submit", sms_code=theirs.phone.code())
        freezes(owner, "号码已更换")
        theirs.signs_in_by_code()
        assert not signed_in(theirs.visits("/account/"))
        owner.signs_in_by_password("wang_xm", GOOD)
        assert owner.at == "/login/secure", "the password is all that is not in doubt"
        owner.submits("secure-submit", new_password=LAST)
        assert status_of(app, account_id) == ACTIVE

    def test_a_weak_password_is_refused_and_may_be_mended(
        self, owner: Citizen, thief: Citizen
    ) -> None:
        freezes(owner)
        owner.signs_in_by_code("/login/?m=sms").submits(
            "login-submit", username="wang_xm", password=GOOD
        )
        assert "HT-3006" in owner.submits("secure-submit", new_password="12345678").text
        assert owner.submits("secure-submit", new_password=NEW).at == "/account/review"

    def test_a_second_tab_is_too_late(self, owner: Citizen, thief: Citizen) -> None:
        freezes(owner)
        owner.signs_in_by_code("/login/?m=sms").submits(
            "login-submit", username="wang_xm", password=GOOD
        )
        page = owner.page
        owner.submits("secure-submit", new_password=NEW)
        owner.page = page
        owner.submits("secure-submit", new_password=LAST)
        assert owner.status == 409

    def test_a_stop_that_is_lifted_leaves_it_frozen(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        account_id = id_of(app, owner)
        freezes(owner)
        with app.app_context():
            stops.stop(account_id, stops.OTHER, Act(CLERK, "safety"))
        with app.app_context():
            stops.lift(account_id, Act(CLERK, "looked into"))
            account = accounts.by_id(account_id)
            assert account is not None
            assert (account.status, account.status_reason) == (FROZEN, "not_me")

    def test_a_stopped_account_stays_stopped(
        self, app: flask.Flask, owner: Citizen, thief: Citizen
    ) -> None:
        put(app, id_of(app, owner), status=accounts.STOPPED)
        freezes(owner)
        assert status_of(app, id_of(app, owner)) == accounts.STOPPED
