"""Acting for a company: a mandate is offered, accepted, used, passed on, and ends."""

from datetime import datetime, time, timedelta

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import mandates, sessions
from idp.audit import log
from idp.mandates import Terms
from idp.signals import deliveries
from idp.staff import Act
from idp.store import accounts
from idp.store import identities as people
from idp.store import organisations as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.identities import Proof
from idp.store.outbox import OutboxMessage
from idp.store.types import now
from tests.oidc.actors import Person, Portal
from tests.organisations.conftest import CODE, COMPANY


def account_of(person: Person) -> accounts.Account:
    account = accounts.by_id(person.account_id)
    assert account is not None
    return account


def offers(boss: Person, company: str, **changed: str | list[str]) -> Person:
    """At the page of agents, to the agent."""
    boss.opens("/account/").signs_in()
    boss.opens(f"/organisations/{company}/agents")
    given = {"real_name": "李秀英", "phone": "13800000002", "functions": "tax"}
    where = {} if "client_ids" in changed else {"all_portals": "yes"}
    return boss.presses("offer-submit", **given | where | changed)  # type: ignore[arg-type]


@pytest.fixture
def acting(boss: Person, agent: Person, company: str) -> Person:
    """The agent, who has accepted and gone over to acting for the company."""
    offers(boss, company)
    agent.opens("/account/").signs_in()
    agent.opens("/organisations/").presses("accept-1")
    agent.presses("act-1")
    assert COMPANY in agent.page.text
    return agent


def given(app: flask.Flask) -> store.Mandate:
    """The one mandate that was granted to somebody."""
    with app.app_context():
        query = select(store.Mandate).filter_by(kind=store.AGENT)
        return db.session.scalars(query).unique().one()


class TestOffering:
    def test_an_offer_is_seen_by_who_holds_the_number_and_by_nobody_else(
        self, boss: Person, agent: Person, people, company: str
    ) -> None:
        offers(boss, company)
        agent.opens("/account/").signs_in().opens("/organisations/")
        assert COMPANY in agent.page.text
        stranger = people("zhao", "+8613800000009")
        stranger.opens("/account/").signs_in().opens("/organisations/")
        assert COMPANY not in stranger.page.text

    def test_the_agent_is_told_by_message(
        self, app: flask.Flask, boss: Person, company: str
    ) -> None:
        offers(boss, company)
        with app.app_context():
            kinds = [
                row.payload.get("template") for row in db.session.scalars(select(OutboxMessage))
            ]
        assert "mandate_offered" in kinds

    def test_it_is_taken_up_under_the_name_it_was_made_to_only(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company, real_name="李秀莲")
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        assert "HT-4215" in agent.page.text

    def test_who_has_shown_no_name_is_sent_for_one_and_nobody_is_blamed(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company)
        with app.app_context():
            identity = people.of(agent.account_id)
            assert identity is not None
            identity.real_name = ""
            db.session.commit()
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        assert "HT-4256" in agent.page.text
        agent.opens("/account/identity").follows("to-change")
        assert agent.page.request.path == "/realname/change"
        assert given(app).state == store.OFFERED

    def test_who_has_no_real_name_proves_it_first(self, boss: Person, people, company: str) -> None:
        offers(boss, company, phone="13800000009")
        zhao = people("zhao", "+8613800000009")
        zhao.opens("/account/").signs_in()
        zhao.opens("/organisations/").presses("accept-1")
        assert zhao.page.request.path.startswith("/realname/")

    def test_a_declined_offer_is_gone(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company)
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("decline-1")
        assert "accept-1" not in agent.page.text
        assert given(app).state == store.DECLINED
        assert given(app).phone is None, "nothing personal stays"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"real_name": "x"}, "HT-4106"),
            ({"phone": "12"}, "HT-5001"),
            ({"functions": "nonsense"}, "HT-4253"),
            ({"begins_on": "2020-01-01"}, "HT-4254"),
            ({"begins_on": "soon"}, "HT-4254"),
            ({"ends_on": "2020-01-01"}, "HT-4255"),
            ({"ends_on": "soon"}, "HT-4255"),
            ({"ends_on": "2099-01-01", "begins_on": "2099-01-02"}, "HT-4255"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
        self, boss: Person, company: str, changed: dict[str, str], code: str
    ) -> None:
        offers(boss, company, **changed)
        assert code in boss.page.text
        assert f'id="{next(iter(changed))}-error"' in boss.page.text, "the field is marked"
        assert "13800000002" in boss.page.text or "phone" in changed


class TestActing:
    def test_going_over_needs_no_sign_in_and_ends_what_spoke_for_oneself(
        self, boss: Person, agent: Person, company: str, portal: Portal
    ) -> None:
        offers(boss, company)
        tokens = portal.tokens_for(agent, scope="openid")
        agent.opens("/organisations/").presses("accept-1")
        agent.presses("act-1")
        assert portal.userinfo(tokens["access_token"]).status_code == 401
        agent.opens(portal.url(prompt="none"))
        assert "code" in agent.arrived

    def test_a_stranger_s_mandate_is_nobody_else_s(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        with app.app_context(), pytest.raises(mandates.NotYours):
            mandates.held(account_of(agent), company)
        agent.opens("/account/").signs_in()
        agent.opens(f"/organisations/{company}/agents")
        assert agent.page.status_code == 404

    def test_the_trail_says_who_acted_for_whom(self, app: flask.Flask, acting: Person) -> None:
        with app.app_context():
            log.copy_streams()
            (event,) = db.session.scalars(select(AuditEvent).filter_by(action="session.acting"))
            assert (event.account, event.acting_for) == (
                acting.account_id,
                given(app).organisation_id,
            )

    def test_back_to_oneself(self, acting: Person) -> None:
        acting.opens("/organisations/").presses("act-myself")
        assert "act-myself" not in acting.page.text


class TestTheStart:
    @pytest.fixture
    def begins(self, app: flask.Flask, boss: Person, agent: Person, company: str) -> datetime:
        """When a mandate begins that the agent has accepted: in three days."""
        day = (now().astimezone(mandates.BEIJING) + timedelta(days=3)).date()
        offers(boss, company, begins_on=day.isoformat())
        agent.opens("/account/").signs_in().opens("/organisations/")
        assert day.isoformat() in agent.page.text, "the offer says from when on"
        agent.presses("accept-1")
        return given(app).begins_at

    def test_it_is_midnight_where_the_law_is(self, begins: datetime) -> None:
        assert begins.astimezone(mandates.BEIJING).time() == time.min

    def test_before_it_the_mandate_is_shown_and_not_used(
        self, app: flask.Flask, begins: datetime, agent: Person, boss: Person, company: str
    ) -> None:
        assert COMPANY in agent.page.text and "授权尚未生效" in agent.page.text
        assert "act-1" not in agent.page.text
        with app.app_context(), pytest.raises(mandates.NotYours):
            mandates.held(account_of(agent), given(app).id)
        boss.opens(f"/organisations/{company}/agents")
        assert "尚未生效" in boss.page.text

    def test_from_that_moment_on_it_is_in_force(
        self, app: flask.Flask, begins: datetime, agent: Person
    ) -> None:
        with time_machine.travel(begins + timedelta(seconds=1)):
            agent.browser = app.test_client()
            agent.opens("/account/").signs_in()
            agent.opens("/organisations/").presses("act-1")
            assert "act-myself" in agent.page.text

    def test_it_may_be_given_up_before(
        self, app: flask.Flask, begins: datetime, agent: Person
    ) -> None:
        agent.follows("give-up-coming-1").presses("revoke-yes")
        assert given(app).state == store.REVOKED

    def test_today_is_at_once(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company, begins_on=now().astimezone(mandates.BEIJING).date().isoformat())
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        agent.presses("act-1")
        assert "act-myself" in agent.page.text


class TestTheEnd:
    def test_it_is_asked_before_anything_is_taken_back(
        self, app: flask.Flask, boss: Person, acting: Person, company: str
    ) -> None:
        boss.opens(f"/organisations/{company}/agents").follows("revoke-1")
        assert "收回对" in boss.page.text
        boss.follows("revoke-no")
        assert given(app).state == store.ACCEPTED
        acting.opens("/organisations/").follows("give-up-1")
        assert "放弃" in acting.page.text
        assert given(app).state == store.ACCEPTED

    def test_nobody_is_asked_about_what_is_not_theirs_to_end(
        self, app: flask.Flask, people, boss: Person, acting: Person, company: str
    ) -> None:
        stranger = people("zhao", "+8613800000009")
        stranger.opens("/account/").signs_in()
        own, theirs = company, given(app).id
        asked = ((stranger, own, theirs), (stranger, theirs, theirs), (boss, own, own))
        for person, under, wanted in asked:
            person.opens(f"/organisations/{under}/revoke?mandate={wanted}")
            assert person.page.status_code == 404

    def test_a_revoked_mandate_ends_the_session_its_tokens_and_the_portal_s_own(
        self, app: flask.Flask, boss: Person, acting: Person, company: str, portal: Portal
    ) -> None:
        tokens = portal.tokens_for(acting, scope="openid offline_access")
        boss.opens(f"/organisations/{company}/agents").follows("revoke-1").presses("revoke-yes")
        assert portal.userinfo(tokens["access_token"]).status_code == 401
        assert portal.refreshes(tokens["refresh_token"]).status_code == 400
        found = portal.calls("/oauth/introspect", token=tokens["access_token"]).json
        assert found == {"active": False}
        acting.opens(portal.url(prompt="none"))
        assert acting.arrived["error"] == "login_required"
        with app.app_context():
            kinds = [row.kind for row in db.session.scalars(select(OutboxMessage))]
        assert "backchannel-logout" in kinds

    def test_other_sessions_of_the_agent_go_on(
        self, app: flask.Flask, boss: Person, acting: Person, company: str, portal: Portal
    ) -> None:
        elsewhere = Person(app, acting.account_id, acting.username)
        tokens = portal.tokens_for(elsewhere, scope="openid")
        boss.opens(f"/organisations/{company}/agents").follows("revoke-1").presses("revoke-yes")
        assert portal.userinfo(tokens["access_token"]).status_code == 200

    def test_what_was_passed_on_ends_with_it(
        self, app: flask.Flask, boss: Person, agent: Person, named, company: str
    ) -> None:
        offers(boss, company, may_delegate="yes")
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        middle = given(app).id
        agent.opens(f"/organisations/{middle}/agents")
        third = named("zhaox", "+8613800000003", "赵雪", "330000199506150020", 2)
        zhao = {"real_name": "赵雪", "phone": "13800000003", "functions": "tax"}
        agent.presses("offer-submit", all_portals="yes", **zhao)
        third.opens("/account/").signs_in()
        third.opens("/organisations/").presses("accept-1")
        assert COMPANY in third.page.text
        boss.opens(f"/organisations/{company}/agents").follows("revoke-1").presses("revoke-yes")
        third.opens("/organisations/")
        assert COMPANY not in third.page.text

    def test_nobody_passes_on_more_than_they_have(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company, may_delegate="yes", ends_on="2099-01-01")
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        own = given(app).id
        to = ("赵雪", "+8613800000003")
        soon, late = now() + timedelta(days=1), now() + timedelta(days=365 * 100)
        with app.app_context():
            account = account_of(agent)
            for terms in (
                Terms(["registration"], ends_at=soon),
                Terms(["all"], ends_at=soon),
                Terms(["tax"], begins_at=now() - timedelta(days=1), ends_at=soon),
                Terms(["tax"], ends_at=late),
                Terms(["tax"]),
            ):
                with pytest.raises(mandates.BeyondYours):
                    mandates.offer(account, own, to, terms)
            with pytest.raises(mandates.NothingToDo):
                mandates.offer(account, own, to, Terms([], ends_at=soon))
            mandates.offer(account, own, to, Terms(["tax"], ends_at=soon))

    def test_the_form_of_whoever_has_an_end_begins_with_that(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        offers(boss, company, may_delegate="yes", ends_on="2099-01-01")
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        agent.opens(f"/organisations/{given(app).id}/agents")
        assert 'value="2099-01-01"' in agent.page.text
        zhao = {"real_name": "赵雪", "phone": "13800000003", "functions": "tax"}
        agent.presses("offer-submit", all_portals="yes", **zhao, ends_on="2099-01-02")
        assert "HT-4252" in agent.page.text
        agent.presses("offer-submit", all_portals="yes", **zhao, ends_on="2099-01-01")
        assert "已发出授权" in agent.page.text

    def test_who_may_not_pass_on_does_not(self, app: flask.Flask, acting: Person) -> None:
        with app.app_context(), pytest.raises(mandates.MayNotDelegate):
            to = ("赵雪", "+8613800000003")
            mandates.offer(account_of(acting), given(app).id, to, Terms(["tax"]))

    def test_its_last_day_ends_the_session_that_acts_under_it(
        self, app: flask.Flask, boss: Person, agent: Person, company: str, portal: Portal
    ) -> None:
        tomorrow = (now() + timedelta(days=1)).date().isoformat()
        offers(boss, company, ends_on=tomorrow)
        later = timedelta(days=2)
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        with time_machine.travel(given(app).ends_at - timedelta(minutes=5)):  # type: ignore[operator]
            agent.browser = app.test_client()
            agent.opens("/account/").signs_in()
            agent.opens("/organisations/").presses("act-1")
            tokens = portal.tokens_for(agent, scope="openid offline_access")
        with time_machine.travel(given(app).ends_at + timedelta(seconds=1)):  # type: ignore[operator]
            with app.app_context():
                deliveries.deliver_due()
            assert portal.refreshes(tokens["refresh_token"]).status_code == 400
        with time_machine.travel(later), app.app_context():
            assert mandates.in_force(agent.account_id) == []

    def test_a_company_that_is_no_more_is_acted_for_by_nobody(
        self, app: flask.Flask, acting: Person, portal: Portal
    ) -> None:
        tokens = portal.tokens_for(acting, scope="openid")
        with app.app_context():
            mandates.dissolve(CODE, Act("A-17", "certificate cancelled"))
        assert portal.userinfo(tokens["access_token"]).status_code == 401

    def test_the_agent_may_give_it_up_and_the_legal_representative_may_not(
        self, app: flask.Flask, boss: Person, acting: Person, company: str
    ) -> None:
        acting.opens("/organisations/").follows("give-up-1").presses("revoke-yes")
        assert given(app).state == store.REVOKED
        with app.app_context(), pytest.raises(mandates.NotYours):
            mandates.revoke(account_of(boss), company)

    def test_who_goes_over_as_the_mandate_is_revoked_does_not_get_through(
        self,
        app: flask.Flask,
        boss: Person,
        agent: Person,
        company: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Between the look at the mandate and the session somebody revokes it."""
        offers(boss, company)
        agent.opens("/account/").signs_in()
        agent.opens("/organisations/").presses("accept-1")
        act, mandate = sessions.act, given(app)

        def slowly(*args: object) -> object:
            with app.app_context():
                mandates.revoke(account_of(boss), mandate.id)
            return act(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(sessions, "act", slowly)
        agent.presses("act-1")
        monkeypatch.undo()
        agent.opens("/organisations/")
        assert "act-myself" not in agent.page.text


class TestTheLegalRepresentative:
    def test_needs_a_living_face(self, app: flask.Flask, agent: Person) -> None:
        found = mandates.Found("93330000MA0000N112", "乙合作社", "enterprise", "test", "t-2")
        with app.app_context(), pytest.raises(mandates.NameNeeded):
            mandates.represent(account_of(agent), found)

    def test_is_one_person(self, app: flask.Flask, named, company: str) -> None:
        other = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        found = mandates.Found("91110000MA00000077", COMPANY, "enterprise", "test", "t-3")
        with app.app_context(), pytest.raises(mandates.AnothersOrganisation):
            mandates.represent(account_of(other), found)

    def test_is_found_again_and_not_made_twice(
        self, app: flask.Flask, boss: Person, company: str
    ) -> None:
        found = mandates.Found("91110000MA00000077", COMPANY, "enterprise", "test", "t-4")
        with app.app_context():
            assert mandates.represent(account_of(boss), found).id == company


class TestClosingTheAccount:
    """The legal representative's, whose company others act for; and an agent's."""

    def test_of_a_legal_representative_waits_until_nobody_acts_for_the_company(
        self, boss: Person, acting: Person
    ) -> None:
        boss.opens("/account/close")
        assert "HT-4301" in boss.page.text
        assert COMPANY in boss.page.text
        assert "close-submit" not in boss.page.text

    def test_of_an_agent_ends_the_mandate_with_what_was_granted_under_it(
        self, app: flask.Flask, boss: Person, acting: Person
    ) -> None:
        acting.opens("/account/close").presses("close-submit", agree="yes")
        with time_machine.travel(timedelta(days=15, minutes=1)), app.app_context():
            while deliveries.deliver_due():
                pass
        mandate = given(app)
        assert (mandate.state, mandate.reason) == (store.REVOKED, "account_closed")
        assert mandate.agent_name == "", "the company's record names nobody"
        boss.opens("/account/close")
        assert "close-submit" in boss.page.text

    def test_of_a_company_s_only_person_lets_another_represent_it(
        self, app: flask.Flask, boss: Person, agent: Person, company: str
    ) -> None:
        boss.opens("/account/").signs_in().opens("/account/close")
        boss.presses("close-submit", agree="yes")
        with time_machine.travel(timedelta(days=15, minutes=1)), app.app_context():
            while deliveries.deliver_due():
                pass
            named = people.of(agent.account_id)
            assert named is not None
            people.add_evidence(named, Proof("face", "test", "t-2", 3))
            people.grade(account_of(agent), named)
            found = mandates.Found(CODE, COMPANY, "enterprise", "test", "t-3")
            assert mandates.represent(account_of(agent), found).account_id == agent.account_id
