"""Appeals: from every place where a person may be stuck, to what the staff decides."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, identities, staff, stops
from idp.store import accounts
from idp.store import cases as stored
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.actors import Phone
from tests.oidc.actors import Person, Portal
from tests.realname.test_hall import CODE, OFFICER, takes_slip
from tests.realname.test_proving import FACE, NUMBER, REGISTER, level, looks, proves, states

WHY = "那个账号不是我的，请核实。"


def appeals(person: Person, reason: str = WHY, **more: str) -> str:
    """At the page of an appeal: the code on the slip."""
    person.presses("appeal-submit", reason=reason, agree="yes", **more)
    found = CODE.search(person.page.text)
    assert found is not None, person.page.text
    return found[1]


def decides(
    app: flask.Flask,
    code: str,
    outcome: str = cases.CONFIRMED,
    reason: str = "seen in person",
    *,
    in_person: bool = True,
) -> None:
    with app.app_context():
        cases.decide(code, OFFICER, outcome, reason, in_person=in_person)


@pytest.fixture
def contested(registers: flask.Flask, wang: Person, li: Person) -> Person:
    """Li's document is held by Wang's account, which has shown a face for it."""
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    proves(li.opens("/account/").signs_in(), registers, REGISTER)
    return li.follows("conflict-appeal")


class TestFromAConflict:
    def test_it_moves_the_document_to_who_appealed(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Callable[[str], Phone]
    ) -> None:
        assert NUMBER not in contested.page.text
        code = appeals(contested)
        assert NUMBER not in contested.page.text
        decides(app, code)
        assert (level(app, wang), level(app, contested)) == (1, 4)
        told = [phones("13800000001"), phones("13800000002")]
        texts = [phone.texts() for phone in told]
        assert any("实名信息" in text for text in texts[0])
        assert any("处理结果" in text for text in texts[1])

    def test_it_outweighs_even_what_another_hall_has_seen(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        """Two halls that each saw somebody would else be the end of every way."""
        decides(app, takes_slip(wang.opens("/account/").signs_in()))
        proves(li.opens("/account/").signs_in(), registers, REGISTER)
        decides(app, appeals(li.follows("conflict-appeal")))
        assert (level(app, wang), level(app, li)) == (1, 4)

    def test_the_holder_s_sessions_and_tokens_end_at_once(
        self, app: flask.Flask, contested: Person, wang: Person, tax: Portal
    ) -> None:
        tokens = tax.tokens_for(wang, scope="openid offline_access")
        decides(app, appeals(contested))
        assert tax.userinfo(tokens["access_token"]).status_code == 401
        assert tax.refreshes(tokens["refresh_token"]).status_code == 400

    def test_refused_it_changes_nothing_and_the_person_reads_why(
        self, app: flask.Flask, contested: Person, wang: Person
    ) -> None:
        code = appeals(contested)
        decides(app, code, cases.REFUSED, "证件原件未出示")
        assert (level(app, wang), level(app, contested)) == (3, 1)
        contested.opens("/account/cases")
        for said in (code, "未通过", "证件原件未出示"):
            assert said in contested.page.text
        contested.opens("/realname/appeal")
        assert "slip-code" not in contested.page.text, "and they may appeal again"

    def test_decided_from_afar_it_moves_the_document_and_says_no_more_than_it_knows(
        self, app: flask.Flask, contested: Person, wang: Person
    ) -> None:
        decides(app, appeals(contested), in_person=False)
        assert (level(app, wang), level(app, contested)) == (1, 2)
        with app.app_context():
            identity = store.of(contested.account_id)
            assert identity is not None
            (proof,) = store.evidence_of(identity)
            assert (proof.method, proof.ial) == ("appeal", 2)


class TestFromARefusedFace:
    def test_who_was_refused_is_confirmed_in_person(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, fund: Portal
    ) -> None:
        wang.opens(fund.url()).signs_in()
        states(wang)
        looks(registers, wang, "failed")
        code = appeals(wang.follows("to-appeal"))
        assert "张*" in wang.page.text
        decides(app, code)
        assert level(app, wang) == 4
        wang.opens(fund.url())
        assert "code" in wang.arrived

    def test_it_is_not_offered_before(self, wang: Person, fund: Portal) -> None:
        wang.opens(fund.url()).signs_in()
        assert "to-appeal" not in wang.page.text

    def test_who_stated_nothing_yet_says_who_they_are(self, app: flask.Flask, wang: Person) -> None:
        wang.opens("/account/").signs_in().opens("/realname/appeal")
        person = {"id_type": "resident_id", "real_name": "张三"}
        wang.presses("appeal-submit", reason=WHY, agree="yes", id_number="12", **person)
        assert "HT-4102" in wang.page.text
        assert WHY in wang.page.text, "nothing typed is lost"
        decides(app, appeals(wang, id_number=NUMBER, **person))
        assert level(app, wang) == 4


class TestAfterTheNameWentToAnother:
    def test_the_document_is_what_it_is_about_and_nothing_is_typed_again(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        proves(li.opens("/account/").signs_in(), registers, FACE)
        wang.opens("/account/").signs_in().opens("/account/identity").follows("appeal")
        assert cases.TOPICS[cases.DOCUMENT] in wang.page.text
        assert "id_number" not in wang.page.text
        decides(app, appeals(wang))
        assert (level(app, wang), level(app, li)) == (4, 1)

    def test_the_holder_of_a_credential_says_who_they_are(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        with app.app_context():
            identity = store.of(wang.account_id)
            assert identity is not None
            identity.real_name = ""
            db.session.commit()
            identities.take_away(wang.account_id, "not theirs", officer=OFFICER)
        wang.opens("/account/").signs_in().opens("/account/identity").follows("appeal")
        person = {"id_type": "resident_id", "real_name": "张三", "id_number": NUMBER}
        decides(app, appeals(wang, **person))
        assert level(app, wang) == 4


class TestNotMe:
    def test_the_name_is_taken_away_and_free_for_whose_it_is(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        decides(app, appeals(wang.opens("/account/identity").follows("not-me")))
        assert level(app, wang) == 1
        proves(li.opens("/account/").signs_in(), registers, REGISTER)
        assert level(app, li) == 2
        wang.opens("/account/").signs_in().opens("/account/identity")
        assert "已从本账号移除" in wang.page.text


class TestAStoppedAccount:
    def test_it_is_restored(self, app: flask.Flask, wang: Person, gjj: Portal) -> None:
        with app.app_context():
            stops.stop(wang.account_id, stops.DECEASED, staff.Act(OFFICER, "register"))
        wang.opens(gjj.url()).signs_in()
        code = appeals(wang)
        decides(app, code)
        wang.opens("/account/").signs_in()
        assert wang.page.request.path == "/account/"
        wang.opens("/account/cases")
        assert code in wang.page.text

    def test_lifted_meanwhile_the_case_can_still_be_closed(
        self, app: flask.Flask, wang: Person
    ) -> None:
        with app.app_context():
            stops.stop(wang.account_id, stops.DECEASED, staff.Act(OFFICER, "register"))
        code = appeals(wang.opens("/account/").signs_in())
        with app.app_context():
            stops.lift(wang.account_id, staff.Act(OFFICER, "mistake"))
            with pytest.raises(stops.NotStopped):
                cases.decide(code, OFFICER, cases.CONFIRMED, "x")
            assert cases.read(code, OFFICER).open, "nothing came of it, so it stays"
            cases.decide(code, OFFICER, cases.REFUSED, "lifted already")


class TestTheForm:
    @pytest.mark.parametrize("reason", ["", "  ", "长" * 501])
    def test_too_little_or_too_much_is_said_and_kept(self, contested: Person, reason: str) -> None:
        contested.presses("appeal-submit", reason=reason, agree="yes")
        assert "HT-4403" in contested.page.text
        assert reason.strip() in contested.page.text

    def test_what_is_written_stays_text(self, contested: Person) -> None:
        appeals(contested, "<script>alert(1)</script>\n第二行")
        assert "<script>alert(1)" not in contested.page.text

    def test_without_consent_nothing_is_opened(self, app: flask.Flask, contested: Person) -> None:
        contested.presses("appeal-submit", reason=WHY)
        assert "HT-4128" in contested.page.text
        with app.app_context():
            assert stored.count_waiting() == 0

    def test_what_it_is_about_is_not_the_address_s_to_say(
        self, app: flask.Flask, contested: Person
    ) -> None:
        contested.presses("appeal-submit", reason=WHY, agree="yes", topic="stopped", t="not_me")
        with app.app_context():
            (case,) = stored.of(contested.account_id)
            assert case.stated["topic"] == cases.DOCUMENT

    def test_nobody_reads_another_s(
        self, app: flask.Flask, contested: Person, people: Callable[..., Person]
    ) -> None:
        code = appeals(contested)
        at = contested.page.request.full_path
        zhao = people("zhao", "+8613800000003").opens("/account/").signs_in()
        zhao.opens(at)
        assert code not in zhao.page.text
        contested.browser, zhao.browser = zhao.browser, contested.browser
        contested.opens(at)
        assert code not in contested.page.text


class TestOneOpenCase:
    def test_asking_again_keeps_the_code_and_says_what_is_said_now(
        self, app: flask.Flask, contested: Person
    ) -> None:
        first = appeals(contested)
        assert appeals(contested, "再补充一句。") == first
        with app.app_context():
            assert cases.read(first, OFFICER).stated["reason"] == "再补充一句。"
            assert stored.count_waiting() == 1

    def test_two_tabs_at_once_have_one(self, inside: flask.Flask, wang: Person) -> None:
        """The unique index decides: the second is told of the first."""
        first = cases.open_(wang.account_id, cases.APPEAL, {"topic": cases.NOT_ME, "reason": "1"})
        with pytest.raises(stored.CaseTaken):
            stored.add(wang.account_id, cases.APPEAL, {"topic": cases.NOT_ME}, first.valid_until)
        again = cases.open_(wang.account_id, cases.APPEAL, {"topic": cases.NOT_ME, "reason": "2"})
        other = cases.open_(wang.account_id, cases.REALNAME, {"name": "张三"})
        assert (again.code, other.code != first.code) == (first.code, True)

    def test_a_case_is_decided_once(self, app: flask.Flask, contested: Person) -> None:
        code = appeals(contested)
        decides(app, code)
        with app.app_context(), pytest.raises(cases.NoSuchCase):
            cases.decide(code, OFFICER, cases.REFUSED, "second thoughts")

    def test_of_two_officers_at_once_one_is_told(self, inside: flask.Flask, wang: Person) -> None:
        case = cases.open_(wang.account_id, cases.APPEAL, {"topic": cases.NOT_ME, "reason": "1"})
        assert stored.decide(case, OFFICER, cases.REFUSED, "x")
        assert not stored.decide(case, "other", cases.CONFIRMED, "y")

    def test_a_decision_and_what_follows_are_there_together(
        self, app: flask.Flask, contested: Person
    ) -> None:
        """Where what follows cannot be, nothing was decided."""
        code = appeals(contested)
        with app.app_context():
            account = accounts.by_id(contested.account_id)
            assert account is not None
            other = store.Person("李四", "passport", "E12345678", "passport:E12345678")
            proof = store.Proof("face", "x", "", 3)
            identities.bind(account, identities.Confirmed(other, proof))
            with pytest.raises(identities.NamedOtherwise):
                cases.decide(code, OFFICER, cases.CONFIRMED, "x")
            found = db.session.scalars(select(AuditEvent).filter_by(action="case.decided")).all()
            assert found == []
            assert cases.read(code, OFFICER).open

    @pytest.mark.parametrize(
        ("officer", "reason"), [("", "x"), ("1", ""), ("1" * 65, "x"), ("1", "x" * 257)]
    )
    def test_nobody_decides_without_name_and_reason(
        self, app: flask.Flask, contested: Person, officer: str, reason: str
    ) -> None:
        code = appeals(contested)
        with app.app_context(), pytest.raises(staff.OfficerUnnamed):
            cases.decide(code, officer, cases.CONFIRMED, reason)


class TestWhatAnOfficerHasRead:
    def test_is_what_they_decide(self, app: flask.Flask, wang: Person) -> None:
        """Somebody restates the slip while the clerk looks at the card."""
        read = takes_slip(wang.opens("/account/").signs_in())
        with app.app_context():
            assert cases.read(read, OFFICER).stated["name"] == "张三"
        restated = takes_slip(wang, "李四", "110000199003070028")
        assert restated != read
        with app.app_context(), pytest.raises(cases.NoSuchCase):
            cases.decide(read, OFFICER, cases.CONFIRMED, "")
        assert level(app, wang) == 1

    def test_an_appeal_against_a_stop_leaves_another_open(
        self, inside: flask.Flask, wang: Person
    ) -> None:
        first = cases.open_(wang.account_id, cases.APPEAL, {"topic": cases.FACE, "reason": "1"})
        other = cases.open_(wang.account_id, cases.APPEAL, {"topic": cases.STOPPED, "reason": "2"})
        assert first.code != other.code
        assert stored.count_waiting() == 2

    def test_a_name_proved_since_is_not_the_one_that_was_disowned(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        code = appeals(wang.opens("/realname/appeal"))
        with app.app_context():
            identities.take_away(wang.account_id, "not_theirs")
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        with app.app_context(), pytest.raises(cases.NoSuchCase):
            cases.decide(code, OFFICER, cases.CONFIRMED, "x")
        assert level(app, wang) == 2

    def test_a_slip_is_good_to_the_end_of_the_day_it_names(
        self, app: flask.Flask, wang: Person
    ) -> None:
        with time_machine.travel(datetime(2026, 11, 22, 1, 5, tzinfo=UTC), tick=False):
            code = takes_slip(wang.opens("/account/").signs_in())
            assert "2026-12-22" in wang.page.text
        with time_machine.travel(datetime(2026, 12, 22, 15, 55, tzinfo=UTC), tick=False):
            decides(app, code)


class TestTime:
    def test_the_worker_lets_old_cases_lapse_and_says_so(
        self, app: flask.Flask, contested: Person
    ) -> None:
        code = appeals(contested)
        with app.app_context():
            assert cases.lapse() == 0
        with time_machine.travel(cases.VALID_FOR + timedelta(days=1, minutes=1)), app.app_context():
            assert cases.lapse() == 1
            (event,) = db.session.scalars(select(AuditEvent).filter_by(action="case.lapsed"))
            assert orjson.loads(event.details)["case"] == code
            case = stored.by_code(code)
            assert case is not None
            assert case.state == stored.LAPSED

    def test_one_that_ran_out_makes_room_for_another(
        self, inside: flask.Flask, wang: Person
    ) -> None:
        """The worker may be late; the person need not wait for it."""
        said = {"topic": cases.NOT_ME, "reason": "1"}
        first = cases.open_(wang.account_id, cases.APPEAL, said).code
        with time_machine.travel(cases.VALID_FOR + timedelta(days=1, minutes=1)):
            assert cases.open_(wang.account_id, cases.APPEAL, said).code != first


def test_ten_thousand_open_cases_are_read_page_by_page(inside: flask.Flask, wang: Person) -> None:
    """Each once, in the order they came, and each page by the index."""
    rows = [
        stored.Case(code=f"C{n:08}", kind=cases.APPEAL, account_id=wang.account_id, stated={})
        for n in range(10_000)
    ]
    for row in rows:
        row.valid_until = stored.now() + cases.VALID_FOR
    db.session.add_all(rows)
    db.session.commit()
    db.session.expunge_all()
    seen: list[str] = []
    after = ""
    while page := stored.waiting(1000, after):
        seen += [each.code for each in page]
        after = page[-1].id
    assert sorted(seen) == [f"C{n:08}" for n in range(10_000)]
    assert len(seen) == stored.count_waiting() == 10_000


def test_the_slip_is_readable_aloud(contested: Person) -> None:
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", appeals(contested))
