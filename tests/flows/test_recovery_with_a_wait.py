"""Number and password lost: a face, or the hall, a time to say no, and then the account is back."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import flask
import pytest
from sqlalchemy import select

from idp import cases, recoveries
from idp.errors import IdpError
from idp.store import accounts
from idp.store import cases as stored
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.recoveries import Recovery
from tests import forms
from tests.actors import Citizen
from tests.flows.test_recovery_by_face import OTHERS, named, shows, with_faces
from tests.flows.test_sign_in import GOOD, id_of, signed_in
from tests.oidc.actors import NAME, NUMBER

__all__ = ["shows"]
Citizens = Callable[..., Citizen]
OLD, NEW_NUMBER, THIRD = "13800000001", "13800000002", "13800000003"
NEW = "Quiet-Harbour 5518 松"
CLERK = "4401-0007"


@pytest.fixture
def changes(sandbox: tuple[str, object]) -> dict[str, object]:
    return with_faces(sandbox[0])


@pytest.fixture
def holder(app: flask.Flask, citizens: Citizens) -> Citizen:
    """Signed in, with a name and a password."""
    citizen = citizens(OLD).signs_up(username="wang_xm", password=GOOD)
    named(app, id_of(app, citizen), 3)
    return citizen


@pytest.fixture
def begins(citizens: Citizens, shows: Callable[..., Citizen]) -> Callable[..., Citizen]:
    """Somebody shows a face and proves a new number: at the page that says how it stands."""

    def begun(number: str = NEW_NUMBER, **stated: str) -> Citizen:
        citizen = shows(starts(citizens(number), "face"), **stated)
        return proves_number(citizen)

    return begun


def starts(citizen: Citizen, way: str) -> Citizen:
    citizen.visits("/recover/")
    return citizen.visits(forms.link(citizen.text, f"way-{way}"))


def proves_number(citizen: Citizen) -> Citizen:
    assert citizen.at == "/recover/number", citizen.at
    citizen.submits("send-code", phone=citizen.number)
    return citizen.submits("number-submit", sms_code=citizen.phone.code())


def reference_on(citizen: Citizen) -> str:
    found = re.search(r'id="(?:reference|slip-code)">([^<]+)<', citizen.text)
    assert found, citizen.at
    return found[1]


def elapse(app: flask.Flask, by: timedelta = timedelta(days=3, minutes=1)) -> None:
    """Time goes by for every recovery."""
    with app.app_context():
        for each in db.session.scalars(select(Recovery)):
            each.ready_at -= by
            each.until -= by
        db.session.commit()


def continues(citizen: Citizen, reference: str) -> Citizen:
    citizen.visits("/recover/continue")
    citizen.submits("send-code", phone=citizen.number, reference=reference)
    return citizen.submits("continue-submit", sms_code=citizen.phone.code())


def finishes(citizen: Citizen, password: str = NEW) -> Citizen:
    citizen.visits(forms.link(citizen.text, "to-password"))
    return citizen.submits("password-submit", new_password=password)


def signs_in(citizen: Citizen) -> Citizen:
    """By the new password, and by the new number too: it has just changed."""
    citizen.tries_password(citizen.number, NEW)
    if citizen.at == "/login/":
        citizen.submits("send-code")
        citizen.submits("login-submit", sms_code=citizen.phone.code())
    return citizen


def state_of(app: flask.Flask, account_id: str) -> list[str]:
    with app.app_context():
        query = select(Recovery.state).filter_by(account_id=account_id).order_by(Recovery.id)
        return list(db.session.scalars(query))


def actions(app: flask.Flask) -> list[str]:
    with app.app_context():
        rows = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))
        return [each for each in rows if each.startswith("recovery.")]


class TestByFace:
    def test_after_the_wait_the_account_has_a_new_number_and_password(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        account_id = id_of(app, holder)
        lost = begins()
        assert lost.at == "/recover/pending"
        reference = reference_on(lost)
        assert "to-password" not in lost.text
        elapse(app)

        finishes(continues(lost, reference))

        assert "账号已找回" in lost.text
        assert holder.visits("/account/").at == "/login/", "old sessions end"
        assert signs_in(lost).at == "/account/"
        assert id_of(app, lost) == account_id
        with app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            assert account.phone == f"+86{NEW_NUMBER}"
            assert account.ial == 3, "as it was"
            assert account.password_settled
        assert actions(app) == ["recovery.begun", "recovery.completed"]

    def test_both_numbers_are_told_at_the_beginning_and_at_the_end(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        assert any("有人申请找回您的账号" in text for text in holder.phone.texts())
        assert any("已受理" in text for text in lost.phone.texts())
        elapse(app)
        finishes(continues(lost, reference_on(lost)))
        for phone in (holder.phone, lost.phone):
            assert any("已找回并更换号码" in text for text in phone.texts())

    def test_they_are_reminded_before_the_end(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        elapse(app, timedelta(hours=13))
        with app.app_context():
            (found,) = db.session.scalars(select(Recovery))
            assert recoveries.remind(found.id)
        assert any("即将由申请人找回" in text for text in holder.phone.texts())
        assert any("可以继续办理" in text for text in lost.phone.texts())

    def test_nobody_finishes_before_the_wait_is_over(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        query = lost.page.request.query_string.decode()
        lost.posts(f"/recover/pending/password?{query}", new_password=NEW)
        assert (lost.status, "HT-3511" in lost.text) == (409, True)
        assert not signed_in(lost.visits("/account/"))
        assert holder.visits("/account/").at == "/account/"

    def test_the_wait_is_longer_where_no_face_was_shown_before(
        self, app: flask.Flask, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        named(app, id_of(app, citizens(OLD).signs_up()), 2)
        begins()
        with app.app_context():
            (found,) = db.session.scalars(select(Recovery))
            assert found.ready_at - found.begun_at == timedelta(days=3)

    @pytest.mark.parametrize("stated", [{"name": "李红", "number": OTHERS}, {"name": "李红"}])
    def test_a_face_of_another_name_recovers_nothing(
        self,
        app: flask.Flask,
        holder: Citizen,
        citizens: Citizens,
        shows: Callable[..., Citizen],
        stated: dict[str, str],
    ) -> None:
        thief = shows(starts(citizens(NEW_NUMBER), "face"), **stated)
        assert "HT-3505" in thief.text
        thief.visits(f"/recover/number?{thief.page.request.query_string.decode()}")
        assert thief.at == "/recover/"
        assert state_of(app, id_of(app, holder)) == []

    def test_until_the_face_was_shown_known_and_unknown_are_answered_alike(
        self, holder: Citizen, citizens: Citizens
    ) -> None:
        answers = []
        for number, name in ((NUMBER, NAME), (OTHERS, "李红")):
            citizen = starts(citizens(NEW_NUMBER), "face")
            given = {"id_type": "resident_id", "real_name": name, "id_number": number}
            citizen.submits("face-submit", agree="yes", **given)
            answers.append((citizen.status, citizen.at, "continue" in citizen.text))
        assert answers[0] == answers[1] == (200, "/recover/face/check", True)

    def test_a_weak_password_is_refused_and_may_be_mended(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        elapse(app)
        finishes(continues(lost, reference_on(lost)), "12345678")
        assert "HT-3006" in lost.text
        assert "账号已找回" in lost.submits("password-submit", new_password=NEW).text

    def test_it_is_finished_once(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        elapse(app)
        continues(lost, reference_on(lost)).visits(forms.link(lost.text, "to-password"))
        page = lost.page
        lost.submits("password-submit", new_password=NEW)
        lost.page = page
        lost.submits("password-submit", new_password="Another-Lantern 88 夜")
        assert (lost.status, "HT-3511" in lost.text) == (409, True)
        assert signs_in(lost).at == "/account/"

    def test_it_goes_on_in_another_browser_by_reference_and_number_alone(
        self,
        app: flask.Flask,
        holder: Citizen,
        begins: Callable[..., Citizen],
        citizens: Citizens,
    ) -> None:
        reference = reference_on(begins())
        elapse(app)
        stranger = continues(citizens(THIRD), reference)
        assert "HT-3510" in stranger.text, "the reference without the number is nothing"
        wrong = continues(citizens(NEW_NUMBER), "AAAA-BBBB-CCCC")
        assert "HT-3510" in wrong.text, "and so is the number without the reference"
        elsewhere = continues(citizens(NEW_NUMBER), reference.lower().replace("-", " "))
        assert "账号已找回" in finishes(elsewhere).text

    def test_nobody_sees_it_by_its_address(
        self, holder: Citizen, begins: Callable[..., Citizen], citizens: Citizens
    ) -> None:
        url = begins().page.request.full_path
        assert citizens(THIRD).visits(url).status == 403

    def test_who_has_the_old_number_still_and_the_face_has_a_number_of_their_own(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins(OLD)
        elapse(app)
        assert "账号已找回" in finishes(continues(lost, reference_on(lost))).text

    def test_a_number_of_another_account_is_refused(
        self, holder: Citizen, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        citizens(THIRD).signs_up()
        assert "HT-4006" in begins(THIRD).text

    def test_a_number_that_went_to_another_account_meanwhile_is_refused_at_the_end(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        account_id, lost = id_of(app, holder), begins()
        reference = reference_on(lost)
        citizens(NEW_NUMBER).signs_up()
        elapse(app)
        finishes(continues(lost, reference))
        assert "HT-4006" in lost.text
        assert state_of(app, account_id) == ["pending"]
        assert holder.visits("/account/").at == "/account/"

    def test_whoever_began_may_cancel(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins().submits("cancel-recovery")
        assert "申请已取消" in lost.text
        assert state_of(app, id_of(app, holder)) == ["cancelled"]
        elapse(app)
        lost.visits(lost.page.request.full_path)
        assert "to-password" not in lost.text

    def test_one_that_nobody_finished_lapses_and_makes_room(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        elapse(app, timedelta(days=30))
        lost.visits(lost.page.request.full_path)
        assert "申请已过期" in lost.text
        begins(THIRD)
        assert state_of(app, id_of(app, holder)) == ["lapsed", "pending"]

    @pytest.mark.parametrize("status", [accounts.STOPPED, accounts.CLOSED, "merged"])
    def test_an_account_that_ended_or_was_stopped_is_not_got_back(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen], status: str
    ) -> None:
        account_id, lost = id_of(app, holder), begins()
        reference = reference_on(lost)
        put(app, account_id, status=status)
        elapse(app)
        assert "HT-3507" in finishes(continues(lost, reference)).text
        assert state_of(app, account_id) == ["pending"]

    def test_nor_is_one_begun_for_it(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        put(app, id_of(app, holder), status=accounts.STOPPED)
        assert "HT-3507" in begins().text

    def test_one_that_is_closing_can_be_kept(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        put(app, id_of(app, holder), status=accounts.CLOSING)
        lost = begins()
        elapse(app)
        finishes(continues(lost, reference_on(lost)))
        assert "账号已找回" in lost.text


class TestTwoAtOnce:
    def test_the_second_is_told(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        begins()
        second = begins(THIRD)
        assert (second.status, "HT-3506" in second.text) == (409, True)
        assert state_of(app, id_of(app, holder)) == ["pending"]

    def test_of_eight_threads_one_begins_and_seven_are_told(
        self, app: flask.Flask, holder: Citizen
    ) -> None:
        account_id = id_of(app, holder)

        def begin(number: int) -> str:
            with app.app_context():
                account = accounts.by_id(account_id)
                assert account is not None
                try:
                    phone = f"+861390000000{number}"
                    recoveries.begin(account, "face", phone, recoveries.new_reference())
                    db.session.commit()
                except IdpError as error:
                    db.session.rollback()
                    return error.code
                return "begun"

        with ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(begin, range(8)))
        assert answers == ["HT-3506"] * 7 + ["begun"]
        assert state_of(app, account_id) == ["pending"]

    def test_of_two_tabs_that_finish_at_once_one_does(
        self, app: flask.Flask, holder: Citizen, begins: Callable[..., Citizen]
    ) -> None:
        lost = begins()
        elapse(app)
        continues(lost, reference_on(lost)).visits(forms.link(lost.text, "to-password"))
        tabs = []
        for password in (NEW, "Another-Lantern 88 夜"):
            tab = Citizen(lost.app, lost.phone, lost.address, page=lost.page)
            tab.browser = lost.browser
            tabs.append((tab, password))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda t: t[0].submits("password-submit", new_password=t[1]), tabs))
        assert sorted("账号已找回" in tab.text for tab, _ in tabs) == [False, True]


class TestInTheHall:
    def slip(self, citizen: Citizen, name: str = NAME, number: str = NUMBER) -> str:
        starts(citizen, "hall")
        given = {"id_type": "resident_id", "real_name": name, "id_number": number, "agree": "yes"}
        proves_number(citizen.submits("hall-submit", **given))
        assert citizen.at == "/recover/hall/slip"
        return reference_on(citizen)

    def decides(self, app: flask.Flask, code: str, outcome: str = cases.CONFIRMED) -> None:
        with app.app_context():
            cases.decide(code, CLERK, outcome, "身份证原件已核对")

    def test_the_officer_s_decision_begins_the_wait(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        account_id, lost = id_of(app, holder), citizens(NEW_NUMBER)
        code = self.slip(lost)
        assert state_of(app, account_id) == []
        assert "HT-3510" in continues(lost, code).text, "a slip alone is nothing"
        self.decides(app, code)
        assert any("有人申请找回您的账号" in text for text in holder.phone.texts())
        assert "to-password" not in continues(lost, code).text
        elapse(app)
        finishes(continues(lost, code))
        assert signs_in(lost).at == "/account/"
        assert id_of(app, lost) == account_id

    def test_a_refusal_begins_nothing(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        code = self.slip(citizens(NEW_NUMBER))
        self.decides(app, code, cases.REFUSED)
        assert state_of(app, id_of(app, holder)) == []

    def test_who_has_no_account_gets_a_slip_like_everybody_s_that_no_officer_finds(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        nobody, somebody = citizens(THIRD), citizens(NEW_NUMBER)
        code = self.slip(nobody, "李红", OTHERS)
        assert self.slip(nobody, "李红", OTHERS) == code, "the same as long as a case's"
        mine = self.slip(somebody)
        assert self.slip(somebody) == mine
        assert neutral(nobody.text) == neutral(somebody.text)
        with app.app_context(), pytest.raises(cases.NoSuchCase):
            cases.decide(code, CLERK, cases.CONFIRMED, "ok")

    def test_nobody_s_slip_makes_another_s_void(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        mine = self.slip(citizens(NEW_NUMBER))
        theirs = self.slip(citizens(THIRD))
        assert mine != theirs
        with app.app_context():
            for code in (mine, theirs):
                found = stored.by_code(code)
                assert found is not None
                assert found.open

    def test_what_an_officer_saw_takes_the_place_of_what_a_camera_saw(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        thief = begins(THIRD)
        self.decides(app, self.slip(citizens(NEW_NUMBER)))
        assert state_of(app, id_of(app, holder)) == ["cancelled", "pending"]
        assert any("申请已取消" in text for text in thief.phone.texts())

    def test_the_name_that_left_the_account_meanwhile_gets_nothing_back(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        from idp import identities  # noqa: PLC0415

        code = self.slip(citizens(NEW_NUMBER))
        with app.app_context():
            identities.take_away(id_of(app, holder), "not theirs", officer=CLERK)
        with app.app_context(), pytest.raises(cases.NoSuchCase):
            cases.decide(code, CLERK, cases.CONFIRMED, "ok")


class TestWhoSignsInMeanwhile:
    def test_is_shown_it_and_may_cancel(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        lost, owner = begins(), citizens(OLD)
        owner.signs_in_by_password("wang_xm", GOOD)
        assert owner.at == "/login/recovery"
        assert owner.submits("stop-recovery").at == "/account/"
        assert state_of(app, id_of(app, owner)) == ["cancelled"]
        assert any("申请已取消" in text for text in lost.phone.texts())

    def test_may_let_it_be(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens, begins: Callable[..., Citizen]
    ) -> None:
        begins()
        owner = citizens(OLD).signs_in_by_code()
        assert owner.at == "/login/recovery"
        assert owner.submits("keep-recovery").at == "/account/"
        assert state_of(app, id_of(app, owner)) == ["pending"]

    def test_the_number_alone_stops_nothing_the_hall_began(
        self, app: flask.Flask, holder: Citizen, citizens: Citizens
    ) -> None:
        hall = TestInTheHall()
        hall.decides(app, hall.slip(citizens(NEW_NUMBER)))
        thief = citizens(OLD).signs_in_by_code()
        assert thief.at == "/login/recovery"
        assert "stop-recovery" not in thief.text
        thief.posts(f"/login/recovery/stop?{thief.page.request.query_string.decode()}")
        assert state_of(app, id_of(app, holder)) == ["pending"]
        owner = citizens(OLD).signs_in_by_password("wang_xm", GOOD)
        owner.submits("stop-recovery")
        assert state_of(app, id_of(app, holder)) == ["cancelled"]


def put(app: flask.Flask, account_id: str, **fields: Any) -> None:
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        for name, value in fields.items():
            setattr(account, name, value)
        db.session.commit()


def neutral(html: str) -> str:
    """What does not depend on who asks."""
    html = re.sub(r"i=[\w-]{22}", "i=I", html)  # first: an id may look like anything
    html = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "CODE", html)
    html = re.sub(r"[0-9]{3,4}\*+[0-9X]{4}", "NUMBER", html)
    html = re.sub(r".\*+.?", "NAME", html)
    return re.sub(r'nonce="[^"]+"', "", html)
