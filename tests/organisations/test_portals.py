"""Where a mandate holds: chosen on the page on which it is granted, and shown by name."""

import flask
import pytest

from tests import forms
from tests.oidc.actors import Person, registered
from tests.organisations.acting import for_organisations, mandated
from tests.organisations.test_mandates import given, offers

NAMED = {"name": "电子税务局", "name_en": "Tax Bureau"}


@pytest.fixture
def town(app: flask.Flask) -> None:
    """Two portals that ask for whom people act, and one that does not."""
    for_organisations(app, "tax", **NAMED)
    for_organisations(app, "customs", name="海关", name_en="Customs")
    registered(app, "library", name="图书馆", scope="openid phone")


@pytest.mark.usefixtures("town")
class TestChoosing:
    def test_only_those_that_ask_for_whom_people_act_are_to_choose_from(
        self, boss: Person, company: str
    ) -> None:
        offers(boss, company)
        assert "电子税务局" in boss.page.text
        assert "海关" in boss.page.text
        assert "图书馆" not in boss.page.text

    def test_all_portals_are_none_in_particular(
        self, app: flask.Flask, boss: Person, company: str
    ) -> None:
        offers(boss, company)
        assert given(app).client_ids == []

    def test_some_are_kept_and_shown_by_name_to_both(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company, client_ids=["tax", "customs", "tax"])
        assert given(app).client_ids == ["tax", "customs"]
        assert "电子税务局、海关" in boss.page.text, "the list of who was mandated"
        agent.opens("/account/").signs_in().opens("/organisations/")
        assert "电子税务局、海关" in agent.page.text, "the offer"
        agent.presses("accept-1")
        assert "电子税务局、海关" in agent.page.text, "what the agent holds"

    def test_names_are_in_the_language_of_the_page(self, boss: Person, company: str) -> None:
        offers(boss, company, client_ids=["tax"])
        boss.opens(f"/organisations/{company}/agents?ui_locales=en")
        assert "Tax Bureau" in boss.page.text
        assert "电子税务局" not in boss.page.text

    @pytest.mark.parametrize(
        ("chosen", "code"),
        [
            ({"client_ids": []}, "HT-4250"),
            ({"client_ids": ["tax"], "all_portals": "yes"}, "HT-4250"),
            ({"client_ids": ["nobody"]}, "HT-4251"),
            ({"client_ids": ["税务"]}, "HT-4251"),
            ({"client_ids": ["tax", "library"]}, "HT-4251"),
        ],
    )
    def test_a_wrong_choice_is_said_and_nothing_chosen_is_lost(
        self, boss: Person, company: str, chosen: dict[str, str | list[str]], code: str
    ) -> None:
        offers(boss, company, may_delegate="yes", **chosen)
        assert boss.page.status_code == 400
        assert code in boss.page.text
        assert {"functions", "may_delegate"} <= ticked(boss)
        assert ("client_ids" in ticked(boss)) == ("tax" in chosen["client_ids"])
        assert ("all_portals" in ticked(boss)) == ("all_portals" in chosen)


@pytest.mark.usefixtures("town")
class TestWithinTheGrantor:
    @pytest.fixture
    def middle(self, app: flask.Flask, boss: Person, agent: Person, company: str) -> str:
        """What the agent may pass on: for taxes only."""
        return mandated(app, boss, company, agent, client_ids=["tax"], may_delegate=True)

    def test_who_holds_some_chooses_among_them(self, agent: Person, middle: str) -> None:
        agent.opens("/account/").signs_in().opens(f"/organisations/{middle}/agents")
        assert 'value="tax"' in agent.page.text
        assert 'value="customs"' not in agent.page.text

    @pytest.mark.parametrize("chosen", [{"client_ids": ["tax"]}, {"all_portals": "yes"}])
    def test_all_of_some_are_no_more_than_these(
        self, agent: Person, middle: str, chosen: dict[str, str | list[str]]
    ) -> None:
        passes_on(agent, middle, chosen)
        assert agent.page.status_code == 200
        assert agent.page.text.count("电子税务局") >= 2, "the box, and the new offer"

    def test_another_portal_is_beyond_them(self, agent: Person, middle: str) -> None:
        passes_on(agent, middle, {"client_ids": ["customs"]})
        assert "HT-4213" in agent.page.text

    def test_a_portal_that_is_no_more_goes_by_its_id(
        self, app: flask.Flask, agent: Person, boss: Person, company: str
    ) -> None:
        mandated(app, boss, company, agent, client_ids=["gone"])
        boss.opens("/account/").signs_in().opens(f"/organisations/{company}/agents")
        assert "gone" in boss.page.text


def ticked(person: Person) -> set[str]:
    """What the form of the offer would send again: of its boxes those that are ticked."""
    return set(forms.with_button(person.page.text, "offer-submit").fields)


def passes_on(agent: Person, middle: str, chosen: dict[str, str | list[str]]) -> None:
    agent.opens("/account/").signs_in().opens(f"/organisations/{middle}/agents")
    zhao: dict[str, str | list[str]] = {"real_name": "赵雪", "phone": "13800000003"}
    agent.presses("offer-submit", functions="tax", **zhao, **chosen)  # type: ignore[arg-type]
