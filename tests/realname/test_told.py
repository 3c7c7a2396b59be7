"""What people are told when staff, or another account, takes a level or a name from them."""

from collections.abc import Callable

import flask
import pytest

from idp import identities
from tests.actors import Phone
from tests.oidc.actors import Person
from tests.realname.test_hall import OFFICER
from tests.realname.test_proving import FACE, REGISTER, proves

Phones = Callable[[str], Phone]
WANG, LI = "13800000001", "13800000002"


@pytest.fixture
def known(registers: flask.Flask, wang: Person) -> Person:
    """Confirmed by the register."""
    return proves(wang.opens("/account/").signs_in(), registers, REGISTER)


class TestALevelThatIsLowered:
    @pytest.fixture
    def lowered(self, app: flask.Flask, known: Person) -> Person:
        with app.app_context():
            identities.lower(known.account_id, 1, "photo disputed", officer=OFFICER)
        return known

    def test_is_told_by_a_message_of_its_own(self, lowered: Person, phones: Phones) -> None:
        texts = phones(WANG).texts()

        assert any("身份级别已降低" in text for text in texts)
        assert not any("另一个账号" in text for text in texts)

    def test_is_on_the_page_with_its_reason_and_in_the_history(self, lowered: Person) -> None:
        lowered.opens("/account/").signs_in()

        assert "原因：photo disputed" in lowered.opens("/account/identity").page.text
        assert "身份级别已降低" in lowered.opens("/account/history").page.text


class TestANameThatIsTakenAway:
    @pytest.fixture
    def nameless(self, app: flask.Flask, known: Person) -> Person:
        with app.app_context():
            identities.take_away(known.account_id, "wrong person", officer=OFFICER)
        return known

    def test_is_told_as_a_decision_and_not_as_another_s_proof(
        self, nameless: Person, phones: Phones
    ) -> None:
        texts = phones(WANG).texts()

        assert any("经工作人员核实，您账号的实名信息已移除" in text for text in texts)
        assert not any("另一个账号" in text for text in texts)

    def test_is_said_at_home_which_leads_to_an_appeal(self, nameless: Person) -> None:
        nameless.opens("/account/").signs_in()

        assert "原来的实名信息已不再用于本账号" in nameless.page.text
        nameless.follows("to-identity")
        assert "已从本账号移除" in nameless.page.text
        nameless.follows("appeal")
        assert nameless.page.request.path == "/realname/appeal"

    def test_is_in_the_history(self, nameless: Person) -> None:
        nameless.opens("/account/").signs_in().opens("/account/history")

        assert "实名信息已移出本账号" in nameless.page.text


class TestADocumentThatAnotherAccountHasProved:
    @pytest.fixture
    def displaced(self, registers: flask.Flask, known: Person, li: Person) -> Person:
        proves(li.opens("/account/").signs_in(), registers, FACE)
        return known

    def test_is_told_to_who_had_it_and_to_nobody_else(
        self, displaced: Person, phones: Phones
    ) -> None:
        said = "另一个账号已证明您实名认证的证件属于其本人"
        theirs, others = phones(WANG), phones(LI)

        assert any(said in text for text in theirs.texts())
        assert not any(said in text for text in others.texts())

    def test_is_said_where_they_look_and_leads_to_an_appeal(self, displaced: Person) -> None:
        displaced.opens("/account/").signs_in()
        displaced.follows("to-identity")

        assert "另一个账号已证明这个证件属于其本人" in displaced.page.text
        displaced.follows("appeal")
        assert displaced.page.request.path == "/realname/appeal"
        assert "实名信息已移出本账号" in displaced.opens("/account/history").page.text

    def test_the_other_person_s_browser_and_address_are_not_in_it(self, displaced: Person) -> None:
        displaced.opens("/account/").signs_in().opens("/account/export")
        told = displaced.presses("export-json").page.json

        row = next(row for row in told["events_about"] if row["action"] == "identity.released")
        assert row["reason"] == "displaced"
        assert not {"terminal", "address", "account"} & row.keys()
