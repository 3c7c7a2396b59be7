"""Whom somebody acts for at a portal: asked once in a session, and changed without signing in."""

import flask
import pytest

from idp import identities, mandates, sessions
from tests.oidc.actors import Person, Portal, registered
from tests.organisations.acting import (
    CLAIMS,
    SCOPE,
    account_of,
    arrives,
    for_organisations,
    mandated,
    redeemed,
)
from tests.organisations.conftest import COMPANY


@pytest.fixture
def etax(app: flask.Flask) -> Portal:
    return for_organisations(app)


@pytest.fixture
def permits(app: flask.Flask) -> Portal:
    return for_organisations(app, "permits")


@pytest.fixture
def mandate(app: flask.Flask, boss: Person, company: str, agent: Person) -> str:
    return mandated(app, boss, company, agent)


def told(portal: Portal, person: Person) -> str:
    """The name of the company the portal hears; "" for none."""
    said = portal.is_told(redeemed(person, portal)["access_token"])
    return str(said.get("organisation", {}).get("name", ""))


class TestAsking:
    def test_who_has_no_mandate_is_shown_no_page(self, agent: Person, etax: Portal) -> None:
        arrives(agent, etax)
        assert told(etax, agent) == ""

    @pytest.mark.parametrize(("button", "name"), [("as-1", COMPANY), ("as-myself", "")])
    def test_it_is_asked_once_in_a_session_whatever_the_answer(
        self, mandate: str, agent: Person, etax: Portal, permits: Portal, button: str, name: str
    ) -> None:
        arrives(agent, etax).presses(button)
        assert told(etax, agent) == name
        for portal in (permits, etax):
            arrives(agent, portal)
            assert told(portal, agent) == name

    def test_a_new_sign_in_is_asked_anew(
        self, app: flask.Flask, mandate: str, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax).presses("as-1")
        elsewhere = Person(app, agent.account_id, agent.username)
        assert arrives(elsewhere, etax).page.request.path == "/organisations/choose"

    def test_a_portal_that_does_not_ask_shows_no_page(
        self, app: flask.Flask, mandate: str, agent: Person
    ) -> None:
        plain = registered(app, "plain", legal_basis="statutory", statute="《条例》")
        arrives(agent, plain)
        assert "code" in agent.arrived

    def test_silently_it_cannot_be_asked(self, mandate: str, agent: Person, etax: Portal) -> None:
        agent.opens("/account/").signs_in().opens(etax.url(scope=SCOPE, prompt="none"))
        assert agent.arrived["error"] == "interaction_required"

    def test_a_mandate_got_later_is_used_by_switching(
        self, app: flask.Flask, boss: Person, company: str, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax)
        assert told(etax, agent) == ""
        mandated(app, boss, company, agent)
        arrives(agent, etax)
        assert told(etax, agent) == "", "the portal asked before there was anything to choose"
        agent.opens("/organisations/").presses("act-1")
        arrives(agent, etax)
        assert told(etax, agent) == COMPANY


class TestSwitching:
    def test_back_to_oneself_ends_what_spoke_for_the_company(
        self, mandate: str, agent: Person, etax: Portal
    ) -> None:
        tokens = redeemed(arrives(agent, etax).presses("as-1"), etax)
        agent.opens("/organisations/").presses("act-myself")
        assert etax.userinfo(tokens["access_token"]).status_code == 401
        assert etax.refreshes(tokens["refresh_token"]).status_code == 400
        arrives(agent, etax)
        assert told(etax, agent) == ""

    def test_the_choice_as_oneself_costs_no_other_portal_its_session(
        self, app: flask.Flask, mandate: str, agent: Person, etax: Portal
    ) -> None:
        plain = registered(app, "plain", legal_basis="statutory", statute="《条例》")
        tokens = plain.tokens_for(agent, scope="openid")
        arrives(agent, etax).presses("as-myself")
        assert plain.userinfo(tokens["access_token"]).status_code == 200


class TestRenewing:
    @pytest.mark.parametrize("claims", [CLAIMS, ["organisation"]])
    def test_a_silent_renewal_is_refused_once_the_person_acts_for_another(
        self, app: flask.Flask, mandate: str, agent: Person, claims: list[str]
    ) -> None:
        etax = for_organisations(app, claims=claims)

        def renews(hint: str) -> dict[str, str]:
            asked = {"scope": SCOPE, "prompt": "none", "id_token_hint": hint}
            return agent.opens(etax.url(**asked), follow=False).arrived

        as_the_company = redeemed(arrives(agent, etax).presses("as-1"), etax)["id_token"]
        assert "code" in renews(as_the_company)
        agent.opens("/organisations/").presses("act-myself")
        assert renews(as_the_company)["error"] == "interaction_required"
        as_oneself = redeemed(arrives(agent, etax), etax)["id_token"]
        assert "code" in renews(as_oneself)
        agent.opens("/organisations/").presses("act-1")
        assert renews(as_oneself)["error"] == "interaction_required"

    def test_where_the_person_is_there_the_answer_says_for_whom_it_is(
        self, mandate: str, agent: Person, etax: Portal
    ) -> None:
        as_oneself = redeemed(arrives(agent, etax).presses("as-myself"), etax)["id_token"]
        agent.opens("/organisations/").presses("act-1")
        arrives(agent, etax, id_token_hint=as_oneself)
        assert told(etax, agent) == COMPANY


class TestWhatMayGoWrong:
    def test_a_mandate_revoked_while_the_page_is_open_is_said(
        self, app: flask.Flask, boss: Person, mandate: str, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax)
        with app.app_context():
            mandates.revoke(account_of(boss), mandate)
        agent.presses("as-1")
        assert mandates.NotYours.code in agent.page.text
        agent.presses("as-myself")
        assert told(etax, agent) == ""

    def test_somebody_else_s_mandate_is_nobody_s_to_choose(
        self, mandate: str, company: str, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax)
        agent.presses("as-1", mandate=company)
        assert mandates.NotYours.code in agent.page.text

    def test_a_page_of_another_person_is_decided_anew(
        self, app: flask.Flask, mandate: str, boss: Person, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax)
        url = agent.page.request.full_path
        agent.opens("/oauth/logout")
        agent.presses("logout-yes")
        agent.opens(url)
        assert agent.page.request.path == "/login/"

    def test_of_two_tabs_the_second_to_answer_decides(
        self, mandate: str, agent: Person, etax: Portal
    ) -> None:
        arrives(agent, etax)
        other_tab = agent.page
        arrives(agent, etax).presses("as-1")
        assert told(etax, agent) == COMPANY
        agent.page = other_tab
        agent.presses("as-myself")
        assert told(etax, agent) == ""

    def test_who_is_signed_out_everywhere_while_going_over_stays_out(
        self,
        app: flask.Flask,
        mandate: str,
        agent: Person,
        etax: Portal,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The session ends after it was read, before the one that acts is there."""
        act = sessions.act

        def slowly(session: sessions.Session, *given: object) -> object:
            with app.app_context():
                sessions.end_all(session.account_id, reason="signed_out_everywhere")
            return act(session, *given)  # type: ignore[arg-type]

        arrives(agent, etax)
        monkeypatch.setattr(sessions, "act", slowly)
        agent.presses("as-1")
        monkeypatch.undo()
        assert agent.page.request.path == "/login/"
        with app.app_context():
            assert sessions.list_of(agent.account_id) == []


def test_whose_name_is_taken_away_acts_for_nobody(
    app: flask.Flask, mandate: str, agent: Person, etax: Portal
) -> None:
    with app.app_context():
        identities.take_away(agent.account_id, "another person's")
    arrives(agent, etax)
    assert "as-1" not in agent.page.text, "what they were mandated to as that person has ended"
    assert not set(CLAIMS) & set(agent.arrived)
