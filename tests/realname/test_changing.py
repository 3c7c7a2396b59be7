"""Another name or document of the same person: the hall puts it in the place of the old one."""

from collections.abc import Callable

import flask
import pytest

from idp import cases, identities, staff
from idp.store import identities as store
from tests.actors import Phone
from tests.oidc.actors import Person, proven, registered
from tests.realname.test_appeals import decides
from tests.realname.test_hall import CODE, OFFICER, takes_slip
from tests.realname.test_proving import NUMBER, OTHER_NUMBER, REGISTER, level, proves

NEW_NAME = "张叁"
PAPERS = "户口簿载明曾用名"


def takes_slip_to_change(
    person: Person, name: str, number: str, kind: str = "resident_id", **more: str
) -> str:
    """The code on the slip."""
    person.opens("/account/identity").follows("to-change")
    assert person.page.request.path == "/realname/change"
    given = {"id_type": kind, "real_name": name, "id_number": number, "agree": "yes", **more}
    person.presses("slip-submit", **given)
    found = CODE.search(person.page.text)
    assert found is not None, person.page.text
    return found[1]


def known_as(app: flask.Flask, person: Person) -> tuple[str, str]:
    with app.app_context():
        identity = store.of(person.account_id)
        assert identity is not None
        return identity.real_name, identity.number


@pytest.fixture
def known(registers: flask.Flask, wang: Person) -> Person:
    """Wang, whose name and number a register has confirmed."""
    return proves(wang.opens("/account/").signs_in(), registers, REGISTER)


class TestConfirmed:
    def test_a_new_name_takes_the_place_of_the_old_and_the_person_is_told(
        self, app: flask.Flask, known: Person, phones: Callable[[str], Phone]
    ) -> None:
        phone = phones("13800000001")
        code = takes_slip_to_change(known, NEW_NAME, NUMBER)
        assert known_as(app, known) == ("张三", NUMBER), "the hall has not seen them yet"
        decides(app, code, reason=PAPERS)
        assert known_as(app, known) == (NEW_NAME, NUMBER)
        assert level(app, known) == 4
        with app.app_context():
            (past,) = store.past_of(known.account_id)
            assert (past.real_name, past.status, past.reason) == ("张三", "ended", "changed")
        assert any("变更" in text for text in phone.texts())
        known.opens("/account/identity")
        assert "变更为现在的姓名或证件" in known.page.text

    def test_so_does_the_number_of_a_renewed_passport(self, app: flask.Flask, wang: Person) -> None:
        proven(wang, "欧阳㛃", "E12345678", kind="passport", method="hall", ial=4)
        wang.opens("/account/").signs_in()
        given = {"kind": "passport", "birthdate": "1990-03-07"}
        code = takes_slip_to_change(wang, "欧阳㛃", "E87654321", **given)
        decides(app, code, reason="旧护照")
        assert known_as(app, wang) == ("欧阳㛃", "E87654321")
        with app.app_context():
            assert store.having("passport:E12345678") is None, "the old number is nobody's"

    def test_portals_go_on_and_read_the_new_name(self, app: flask.Flask, known: Person) -> None:
        notary = registered(app, "notary", scope="openid realname", sensitive_claims=["real_name"])
        token = notary.tokens_for(known, scope="openid realname")["access_token"]
        before = notary.is_told(token)
        decides(app, takes_slip_to_change(known, NEW_NAME, NUMBER), reason=PAPERS)
        after = notary.is_told(token)
        assert (before["real_name"], after["real_name"]) == ("张三", NEW_NAME)
        assert before["sub"] == after["sub"]

    def test_another_account_that_has_shown_less_loses_the_document(
        self, app: flask.Flask, known: Person, li: Person
    ) -> None:
        proven(li, "李红", OTHER_NUMBER)
        decides(app, takes_slip_to_change(known, "李红", OTHER_NUMBER), reason=PAPERS)
        assert (level(app, known), level(app, li)) == (4, 1)


class TestNotConfirmed:
    def test_refused_nothing_is_changed(self, app: flask.Flask, known: Person) -> None:
        code = takes_slip_to_change(known, NEW_NAME, NUMBER)
        decides(app, code, cases.REFUSED, "户口簿未带")
        assert known_as(app, known) == ("张三", NUMBER)
        known.opens("/account/cases")
        assert "户口簿未带" in known.page.text
        assert "变更姓名或证件" in known.page.text

    def test_what_another_hall_has_given_to_another_account_is_not_taken(
        self, app: flask.Flask, known: Person, li: Person
    ) -> None:
        proven(li, "李红", OTHER_NUMBER, method="hall", verifier="hall", ial=4)
        code = takes_slip_to_change(known, "李红", OTHER_NUMBER)
        with app.app_context():
            with pytest.raises(identities.HeldElsewhere):
                cases.decide(code, OFFICER, cases.CONFIRMED, PAPERS)
            assert cases.read(code, OFFICER).open
        assert known_as(app, known) == ("张三", NUMBER), "and the old identity has not ended"

    def test_an_ordinary_slip_changes_nothing(self, app: flask.Flask, known: Person) -> None:
        with app.app_context():
            said = {"name": NEW_NAME, "kind": "resident_id", "number": NUMBER}
            said["document"] = f"resident_id:{NUMBER}"
            case = cases.open_(known.account_id, cases.REALNAME, said)
            with pytest.raises(identities.NamedOtherwise):
                cases.decide(case.code, OFFICER, cases.CONFIRMED, "")


class TestTheOfficer:
    def test_sees_what_it_was_and_says_what_papers_there_were(
        self, app: flask.Flask, known: Person
    ) -> None:
        code = takes_slip_to_change(known, NEW_NAME, NUMBER)
        with app.app_context():
            case = cases.read(code, OFFICER)
            assert case.stated["name"] == NEW_NAME
            assert cases.before(case) == {
                "name_before": "张三",
                "kind_before": "resident_id",
                "number_before": NUMBER,
            }
            with pytest.raises(staff.OfficerUnnamed):
                cases.decide(code, OFFICER, cases.CONFIRMED, "")

    def test_of_another_kind_of_case_there_is_no_before(
        self, app: flask.Flask, known: Person
    ) -> None:
        known.opens("/realname/").follows("to-hall").presses("slip-submit", agree="yes")
        found = CODE.search(known.page.text)
        assert found is not None
        with app.app_context():
            assert cases.before(cases.read(found[1], OFFICER)) == {}


class TestThePage:
    def test_masks_what_is_on_the_slip(self, known: Person) -> None:
        takes_slip_to_change(known, "李红梅", OTHER_NUMBER)
        assert "李*梅" in known.page.text
        assert "李红梅" not in known.page.text
        assert OTHER_NUMBER not in known.page.text

    def test_says_what_is_wrong_and_keeps_what_was_typed(self, known: Person) -> None:
        known.opens("/realname/change")
        given = {"id_type": "resident_id", "real_name": NEW_NAME, "id_number": "12"}
        known.presses("slip-submit", agree="yes", **given)
        assert "HT-4102" in known.page.text
        assert f'value="{NEW_NAME}"' in known.page.text
        known.presses("slip-submit", **{**given, "id_number": NUMBER})
        assert "HT-4128" in known.page.text, "and the tick is the person's own"

    def test_is_for_who_has_something_to_change(self, wang: Person) -> None:
        wang.opens("/account/").signs_in().opens("/realname/change")
        assert wang.page.request.path == "/realname/hall"

    def test_keeps_its_slip_apart_from_the_one_to_prove_a_name(
        self, app: flask.Flask, wang: Person
    ) -> None:
        wang.opens("/account/").signs_in()
        first = takes_slip(wang)
        proven(wang, "张三", NUMBER)
        assert takes_slip_to_change(wang, NEW_NAME, NUMBER) != first
