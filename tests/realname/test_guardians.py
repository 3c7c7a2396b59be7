"""Children under fourteen: nobody is asked about them, nothing is bound, till a guardian agrees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, closing, guardians, identities, sessions, settings, stops
from idp.minors import GuardianNeeded
from idp.staff import Act
from idp.store import accounts, guardianships, tidying
from idp.store import cases as stored
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.guardianships import Guardianship
from idp.store.types import now
from tests.actors import Phone
from tests.commands.conftest import Run, command
from tests.oidc.actors import Person, Portal, proven, registered
from tests.realname.test_hall import CODE, OFFICER, takes_slip
from tests.realname.test_proving import (
    FACE,
    NUMBER,
    OTHER_NUMBER,
    REGISTER,
    chooses,
    level,
    proves,
    states,
)
from tests.registers import Tap

__all__ = ["command"]
CHILD, CHILD_NUMBER = "王小宝", "310000201506011238"
"""Born on 1 June 2015: fourteen in 2029."""
GROWN = datetime(2029, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def mother(people: Callable[..., Person]) -> Person:
    """Wang's mother has shown her face."""
    person = people("wangma", "+8613800000003")
    proven(person, "王美丽", OTHER_NUMBER, method="face", verifier="tencent_face", ial=3)
    return person.opens("/account/").signs_in()


@pytest.fixture
def slip(wang: Person) -> str:
    """The code on the child's slip."""
    wang.opens("/account/").signs_in()
    return takes_slip(wang, CHILD, CHILD_NUMBER)


def agrees(person: Person, code: str, child: str = CHILD, **given: str) -> Person:
    said = {"case_code": code, "real_name": child, "relation": "parent", "agree": "yes"} | given
    return person.opens("/account/children").presses("agree-submit", **said)


def decides(app: flask.Flask, code: str, outcome: str = cases.CONFIRMED, reason: str = "") -> None:
    with app.app_context():
        cases.decide(code, OFFICER, outcome, reason)


@pytest.fixture
def together(app: flask.Flask, wang: Person, slip: str, mother: Person) -> Person:
    """The child, after mother and child were in the hall."""
    agrees(mother, slip.lower())
    decides(app, slip)
    return wang


class TestBeforeAGuardianAgrees:
    @pytest.mark.parametrize("way", [REGISTER, FACE])
    def test_nobody_is_asked_about_a_child(
        self, app: flask.Flask, wang: Person, tap: Tap, way: str
    ) -> None:
        tap.reset()
        chooses(wang.opens("/account/").signs_in().opens("/realname/"), way)
        states(wang, CHILD, CHILD_NUMBER)
        assert wang.page.request.path == "/realname/hall"
        assert "监护人" in wang.page.text
        assert CODE.search(wang.page.text), "with a slip, and what was typed is on it"
        assert CHILD_NUMBER not in wang.page.text
        assert tap.heard == b""
        assert level(app, wang) == 1
        with app.app_context():
            assert "realname" in {name for name, _ in accounts.accepted(wang.account_id)}

    def test_the_hall_confirms_nobody(self, app: flask.Flask, wang: Person, slip: str) -> None:
        with app.app_context(), pytest.raises(GuardianNeeded):
            cases.decide(slip, OFFICER, cases.CONFIRMED, "")
        with app.app_context():
            assert cases.read(slip, OFFICER).open, "and may once the guardian has agreed"
        assert level(app, wang) == 1

    def test_whatever_confirms_a_child_binds_nothing(self, app: flask.Flask, wang: Person) -> None:
        with pytest.raises(GuardianNeeded):
            proven(wang, CHILD, CHILD_NUMBER)
        assert level(app, wang) == 1

    def test_a_passport_s_holder_says_when_they_were_born(self, wang: Person) -> None:
        wang.opens("/account/").signs_in().opens("/realname/").follows("way-hall")
        given = {"id_type": "passport", "real_name": CHILD, "id_number": "E12345678"}
        wang.presses("slip-submit", agree="yes", **given)
        assert "HT-4108" in wang.page.text
        assert 'value="E12345678"' in wang.page.text
        wang.presses("slip-submit", agree="yes", birthdate="2015-06-01", **given)
        assert "监护人" in wang.page.text

    def test_who_is_fourteen_today_needs_nobody(
        self, app: flask.Flask, wang: Person, slip: str
    ) -> None:
        with time_machine.travel(GROWN, tick=False):
            code = takes_slip(wang.opens("/account/").signs_in(), CHILD, CHILD_NUMBER)
            assert "监护人" not in wang.page.text
            decides(app, code)
            assert level(app, wang) == 4
        assert code != slip

    def test_an_appeal_gives_a_child_nothing_either(
        self, app: flask.Flask, wang: Person, mother: Person
    ) -> None:
        wang.opens("/account/").signs_in().opens("/realname/appeal")
        person = {"id_type": "resident_id", "real_name": CHILD, "id_number": CHILD_NUMBER}
        wang.presses("appeal-submit", reason="刷脸没有通过", agree="yes", **person)
        found = CODE.search(wang.page.text)
        assert found is not None
        with app.app_context(), pytest.raises(GuardianNeeded):
            cases.decide(found[1], OFFICER, cases.CONFIRMED, "seen")
        agrees(mother, found[1])
        decides(app, found[1], reason="seen")
        assert level(app, wang) == 2


class TestAgreeing:
    def test_and_the_hall_together_give_the_child_a_name(
        self, app: flask.Flask, wang: Person, slip: str, mother: Person
    ) -> None:
        agrees(mother, slip.lower().replace("-", " "))
        assert "等待到大厅确认" in mother.page.text
        assert "王**" in mother.page.text or "王*" in mother.page.text
        assert CHILD not in mother.page.text
        assert level(app, wang) == 1, "the hall has not seen them yet"
        wang.opens("/realname/").follows("way-hall")
        assert "guardian-agreed" in wang.page.text
        assert "王美丽" not in wang.page.text
        decides(app, slip)
        assert level(app, wang) == 4
        mother.opens("/account/children")
        assert "大厅已确认" in mother.page.text
        wang.browser = app.test_client()
        wang.opens("/account/").signs_in().opens("/account/identity")
        assert 'id="guardian"' in wang.page.text

    def test_is_recorded_with_the_rules_that_were_agreed_to(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        with app.app_context():
            accepted = accounts.accepted(mother.account_id)
            assert ("children", settings.current.agreements.children) in accepted
            found = db.session.scalars(
                select(AuditEvent).where(AuditEvent.action.like("guardian.%"))
            )
            said = {(each.action, each.account) for each in found}
        assert said == {
            ("guardian.agreed", mother.account_id),
            ("guardian.confirmed", mother.account_id),
        }

    def test_needs_the_tick_and_loses_nothing_typed(self, slip: str, mother: Person) -> None:
        agrees(mother, slip, agree="")
        assert f'value="{slip}"' in mother.page.text
        assert f'value="{CHILD}"' in mother.page.text
        assert mother.page.status_code == 400

    def test_is_for_who_has_shown_a_face(
        self, app: flask.Flask, registers: flask.Flask, slip: str, li: Person
    ) -> None:
        proves(li.opens("/account/").signs_in(), registers, REGISTER, number=OTHER_NUMBER)
        li.opens("/account/children")
        assert "agree-submit" not in li.page.text
        with app.app_context():
            account = accounts.by_id(li.account_id)
            assert account is not None
            with pytest.raises(guardians.GuardianNotProved):
                guardians.agree(account, slip, CHILD, "parent")
        li.follows("to-prove")
        assert li.page.request.path == "/realname/form", "and leads to where one is shown"

    def test_is_for_grown_ups(self, app: flask.Flask, slip: str, li: Person) -> None:
        with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC), tick=False):
            proven(li, "李同学", CHILD_NUMBER, method="face", ial=3)
            with app.app_context():
                account = accounts.by_id(li.account_id)
                assert account is not None
                assert isinstance(guardians.hindrance(account), guardians.GuardianTooYoung)
            li.opens("/account/").signs_in().opens("/account/children")
            assert "未满 18 周岁" in li.page.text
            assert "to-prove" not in li.page.text, "another face would not make them older"

    @pytest.mark.parametrize(("code", "name"), [("AAAA-AAAA", CHILD), ("", "王大宝"), ("", "王")])
    def test_a_slip_that_is_not_this_child_s_is_not_found(
        self, slip: str, mother: Person, code: str, name: str
    ) -> None:
        agrees(mother, code or slip, name)
        assert mother.page.status_code in {400, 404}
        assert "等待到大厅确认" not in mother.page.text

    def test_an_adult_s_slip_is_not_found(self, wang: Person, mother: Person) -> None:
        code = takes_slip(wang.opens("/account/").signs_in(), "张三", NUMBER)
        agrees(mother, code, "张三")
        assert "HT-4143" in mother.page.text

    def test_nobody_agrees_for_themselves(self, app: flask.Flask, wang: Person, slip: str) -> None:
        with app.app_context():
            account = accounts.by_id(wang.account_id)
            assert account is not None
            with pytest.raises(guardians.GuardianNotProved):
                guardians.agree(account, slip, CHILD, "parent")

    def test_codes_cannot_be_tried_all_day(self, slip: str, mother: Person) -> None:
        for _ in range(guardians.TRIES):
            agrees(mother, "AAAA-AAAA")
        agrees(mother, slip)
        assert "HT-4145" in mother.page.text

    def test_twice_is_once(self, app: flask.Flask, slip: str, mother: Person) -> None:
        agrees(mother, slip)
        agrees(mother, slip)
        assert mother.page.request.path == "/account/children"
        with app.app_context():
            assert len(guardianships.of_guardian(mother.account_id)) == 1

    def test_one_parent_is_enough(
        self, app: flask.Flask, people: Callable[..., Person], slip: str, mother: Person
    ) -> None:
        agrees(mother, slip)
        father = people("wangba", "+8613800000004")
        proven(father, "王建国", "110000194910010034", method="face", ial=3)
        agrees(father.opens("/account/").signs_in(), slip)
        assert "HT-4144" in father.page.text

    def test_the_clerk_sees_who_has_to_come_along_and_both_see_who_looked(
        self, app: flask.Flask, wang: Person, slip: str, mother: Person
    ) -> None:
        agrees(mother, slip, relation="guardian")
        with app.app_context():
            case = cases.read(slip, OFFICER)
            assert guardians.appearing(case) == {
                "guardian": "王美丽",
                "guardian_number": OTHER_NUMBER,
                "relation": "guardian",
            }
        for person in (wang, mother):
            person.opens("/account/reads")
            assert OFFICER in person.page.text

    @pytest.mark.parametrize("ending", ["refused", "over"])
    def test_it_ends_with_a_case_that_comes_to_nothing(
        self, app: flask.Flask, wang: Person, slip: str, mother: Person, ending: str
    ) -> None:
        agrees(mother, slip)
        if ending == "refused":
            decides(app, slip, cases.REFUSED, "户口簿未带")
        else:
            with (
                app.app_context(),
                time_machine.travel(cases.VALID_FOR + timedelta(days=1, minutes=1)),
            ):
                cases.lapse()
        mother.opens("/account/children")
        assert "等待到大厅确认" not in mother.page.text
        again = takes_slip(wang, CHILD, CHILD_NUMBER)
        agrees(mother, again)
        decides(app, again)
        assert level(app, wang) == 4


class TestAChildWithAName:
    def test_may_show_a_face_too(
        self, app: flask.Flask, registers: flask.Flask, together: Person, fund: Portal
    ) -> None:
        together.browser = app.test_client()
        together.opens(fund.url()).signs_in()
        assert "code" in together.arrived

    def test_tells_portals_that_a_guardian_has_agreed_not_who(
        self, app: flask.Flask, together: Person
    ) -> None:
        school = registered(
            app,
            "school",
            scope="openid realname",
            claims=["real_name", "guardian"],
            sensitive_claims=["real_name"],
        )
        together.browser = app.test_client()
        told = school.is_told(school.tokens_for(together, scope="openid realname")["access_token"])
        assert (told["real_name"], told["guardian"]) == (CHILD, "parent")

    def test_who_has_no_guardian_is_not_shown_the_word(
        self, app: flask.Flask, registers: flask.Flask, li: Person
    ) -> None:
        proves(li.opens("/account/").signs_in(), registers, REGISTER)
        school = registered(app, "school", scope="openid realname", sensitive_claims=["real_name"])
        li.opens(school.url(scope="openid realname"))
        assert "真实姓名" in li.page.text
        assert "监护人" not in li.page.text
        li.presses("consent-allow")
        tokens = school.redeems(li.arrived["code"]).json
        assert "guardian" not in school.is_told(tokens["access_token"])

    def test_is_nobody_s_child_any_more_at_fourteen(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        with time_machine.travel(GROWN, tick=False):
            mother.opens("/account/").signs_in().opens("/account/children")
            assert "已满 14 周岁" in mother.page.text
            with app.app_context():
                (found,) = guardianships.of_guardian(mother.account_id)
                account = accounts.by_id(mother.account_id)
                assert account is not None
                with pytest.raises(guardians.NotYourChild):
                    guardians.withdraw(account, found.id)


class TestWithdrawing:
    def test_takes_the_name_out_of_use_at_once_and_tells_the_child(
        self,
        app: flask.Flask,
        together: Person,
        mother: Person,
        fund: Portal,
        phones: Callable[[str], Phone],
    ) -> None:
        together.browser = app.test_client()
        tokens = fund.tokens_for(together)
        phone = phones("13800000001")
        mother.opens("/account/children").follows("withdraw-1").presses("withdraw-yes")
        assert "已撤回" in mother.page.text
        assert level(app, together) == 1
        assert fund.userinfo(tokens["access_token"]).status_code == 401
        school = registered(
            app,
            "school",
            legal_basis="statutory",
            statute="《义务教育法》",
            scope="openid realname",
            claims=["real_name"],
            sensitive_claims=["real_name"],
        )
        together.browser = app.test_client()
        again = school.tokens_for(together, scope="openid realname")
        assert "real_name" not in school.is_told(again["access_token"])
        assert any("监护人" in text for text in phone.texts())

    def test_and_only_with_another_consent_is_it_used_again(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        mother.opens("/account/children").follows("withdraw-1").presses("withdraw-yes")
        together.browser = app.test_client()
        together.opens("/account/").signs_in().opens("/realname/")
        chooses(together, REGISTER).presses("realname-submit", agree="yes")
        assert together.page.request.path == "/realname/hall"
        found = CODE.search(together.page.text)
        assert found is not None
        agrees(mother, found[1])
        decides(app, found[1])
        assert level(app, together) == 4

    def test_before_the_hall_ends_the_waiting(
        self, app: flask.Flask, slip: str, mother: Person
    ) -> None:
        agrees(mother, slip).follows("withdraw-1").presses("withdraw-yes")
        with app.app_context(), pytest.raises(GuardianNeeded):
            cases.decide(slip, OFFICER, cases.CONFIRMED, "")

    def test_is_for_the_guardian_alone(
        self, app: flask.Flask, together: Person, mother: Person, li: Person
    ) -> None:
        with app.app_context():
            (found,) = guardianships.of_guardian(mother.account_id)
            stranger = accounts.by_id(li.account_id)
            assert stranger is not None
            with pytest.raises(guardians.NotYourChild):
                guardians.withdraw(stranger, found.id)
        li.opens("/account/").signs_in().opens(f"/account/children/{found.id}/withdraw")
        assert li.page.status_code == 404
        assert level(app, together) == 4

    def test_comes_with_the_end_of_the_guardian_s_account(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        mother.opens("/account/close")
        assert "1 个孩子" in mother.page.text
        mother.presses("close-submit", agree="yes")
        with (
            app.app_context(),
            time_machine.travel(settings.current.rights.cooling_off + timedelta(hours=1)),
        ):
            assert closing.erase_if_due(mother.account_id)
        assert level(app, together) == 1

    def test_is_kept_for_a_while_and_then_forgotten(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        mother.opens("/account/children").follows("withdraw-1").presses("withdraw-yes")
        with app.app_context():
            keep = settings.current.retention
            tidying.tidy(keep)
            assert db.session.scalar(select(Guardianship)) is not None
            with time_machine.travel(keep.identities + timedelta(days=1)):
                tidying.tidy(keep)
            assert db.session.scalar(select(Guardianship)) is None


class TestTheGuardian:
    def test_whose_own_name_was_not_theirs_answers_for_nobody(
        self, app: flask.Flask, together: Person, mother: Person
    ) -> None:
        with app.app_context():
            identities.take_away(mother.account_id, "not_theirs")
            assert guardianships.standing_of(together.account_id) is None
        assert level(app, together) == 1

    def test_who_lost_the_name_before_the_hall_is_not_enough(
        self, app: flask.Flask, slip: str, mother: Person
    ) -> None:
        agrees(mother, slip)
        with app.app_context():
            identities.lower(mother.account_id, 1, "doubt")
            with pytest.raises(GuardianNeeded):
                cases.decide(slip, OFFICER, cases.CONFIRMED, "")

    def test_whose_face_has_just_run_out_leaves_the_case_open(
        self, app: flask.Flask, slip: str, mother: Person
    ) -> None:
        agrees(mother, slip)
        with app.app_context():
            account, identity = accounts.by_id(mother.account_id), store.of(mother.account_id)
            assert account is not None
            assert identity is not None
            (evidence,) = store.evidence_of(identity)
            account.ial_until = evidence.lasts_until = now() - timedelta(seconds=1)
            db.session.commit()
            with pytest.raises(GuardianNeeded):
                cases.decide(slip, OFFICER, cases.CONFIRMED, "")
        with app.app_context():
            case = stored.by_code(slip)
            assert case is not None
            assert case.open

    def test_is_left_out_by_no_stop_that_dies_half_way(
        self,
        app: flask.Flask,
        together: Person,
        mother: Person,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whoever is stopped is not stopped again: what follows is there with it."""

        def dies(*_: object) -> None:
            raise KeyboardInterrupt

        with app.app_context(), monkeypatch.context() as dying:
            dying.setattr(sessions.ending, "bring_about", dies)
            with pytest.raises(KeyboardInterrupt):
                stops.stop(mother.account_id, stops.WRONG_PERSON, Act(OFFICER, "doubt"))
        with app.app_context():
            assert guardianships.standing_of(together.account_id) is None

    def test_makes_room_for_another_when_the_hall_has_seen_why(
        self,
        app: flask.Flask,
        command: Run,
        people: Callable[..., Person],
        together: Person,
    ) -> None:
        by = ("--officer", OFFICER, "--reason", "court order")
        command("guardian", "end", together.account_id, *by)
        assert level(app, together) == 1
        father = people("wangba", "+8613800000004")
        proven(father, "王建国", "110000194910010034", method="face", ial=3)
        together.browser = app.test_client()
        code = takes_known_slip(together.opens("/account/").signs_in())
        agrees(father.opens("/account/").signs_in(), code)
        decides(app, code)
        assert level(app, together) == 4


def takes_known_slip(person: Person) -> str:
    person.opens("/realname/").follows("way-hall").presses("slip-submit", agree="yes")
    found = CODE.search(person.page.text)
    assert found is not None, person.page.text
    return found[1]


class TestWhereTheNameGoes:
    def test_taken_away_it_leaves_no_consent_for_another_child_s(
        self, app: flask.Flask, together: Person
    ) -> None:
        with app.app_context():
            identities.take_away(together.account_id, "not_theirs")
        with pytest.raises(GuardianNeeded):
            proven(together, "王二宝", CHILD_NUMBER)

    def test_the_dates_of_children_are_in_clear_nowhere(
        self, app: flask.Flask, together: Person
    ) -> None:
        with app.app_context():
            rows = db.session.connection().exec_driver_sql("SELECT * FROM guardianship").all()
            assert rows
            assert "2015" not in str([row[:7] for row in rows])
            found = store.of(together.account_id)
            assert found is not None
            assert found.real_name == CHILD
