"""What a portal is told of the organisation somebody acts for: where, when, and when not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import mandates, sessions
from idp.audit import log
from idp.crypto import base64url
from idp.staff import Act
from idp.store import organisations as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.types import now
from tests.oidc.actors import Person, Portal, registered
from tests.oidc.test_hot_path import Count, counted
from tests.organisations.acting import (
    CLAIMS,
    SCOPE,
    arrives,
    for_organisations,
    mandated,
    redeemed,
)
from tests.organisations.conftest import CODE, COMPANY

__all__ = ["counted"]
ORGANISATION = {"name": COMPANY, "uscc": CODE, "kind": "enterprise"}


@pytest.fixture
def etax(app: flask.Flask) -> Portal:
    return for_organisations(app)


@pytest.fixture
def mandate(app: flask.Flask, boss: Person, company: str, agent: Person) -> str:
    return mandated(app, boss, company, agent)


@pytest.fixture
def told(mandate: str, agent: Person, etax: Portal) -> dict[str, Any]:
    """Tokens of the agent, who has chosen to act for the company."""
    return redeemed(arrives(agent, etax).presses("as-1"), etax)


def introspected(portal: Portal, token: str) -> dict[str, Any]:
    return portal.calls("/oauth/introspect", token=token).json


class TestWhereItIsTold:
    def test_id_token_userinfo_and_introspection_say_the_same(
        self, told: dict[str, Any], mandate: str, etax: Portal
    ) -> None:
        expected = {
            "organisation": ORGANISATION,
            "mandate": {"id": mandate, "kind": "agent", "functions": ["tax"]},
        }
        places = (
            etax.reads(told["id_token"]),
            etax.is_told(told["access_token"]),
            introspected(etax, told["access_token"]),
            introspected(etax, told["refresh_token"]),
        )
        for place in places:
            assert {name: place[name] for name in CLAIMS} == expected
        assert len({place["sub"] for place in places}) == 1, "the natural person"

    def test_the_sub_is_the_person_s_own(
        self, told: dict[str, Any], agent: Person, app: flask.Flask, etax: Portal
    ) -> None:
        elsewhere = Person(app, agent.account_id, agent.username)
        arrives(elsewhere, etax).presses("as-myself")
        own = etax.reads(redeemed(elsewhere, etax)["id_token"])
        assert own["sub"] == etax.reads(told["id_token"])["sub"]
        assert not set(CLAIMS) & own.keys()

    def test_the_legal_representative_is_told_apart_from_an_agent(
        self, boss: Person, company: str, etax: Portal
    ) -> None:
        arrives(boss, etax).presses("as-1")
        said = etax.is_told(redeemed(boss, etax)["access_token"])["mandate"]
        assert said == {"id": company, "kind": "legal", "functions": ["all"]}

    def test_a_jwt_access_token_says_it_to_whoever_reads_it_alone(
        self, app: flask.Flask, mandate: str, agent: Person
    ) -> None:
        api = for_organisations(app, "api", access_token_format="jwt")
        tokens = redeemed(arrives(agent, api).presses("as-1"), api)
        claims = orjson.loads(base64url.decode(tokens["access_token"].split(".")[1]))
        assert claims["organisation"] == ORGANISATION

    def test_a_refresh_tells_it_again_and_a_narrower_one_leaves_it_out(
        self, told: dict[str, Any], etax: Portal
    ) -> None:
        again = etax.refreshes(told["refresh_token"]).json
        assert etax.reads(again["id_token"])["organisation"] == ORGANISATION
        narrow = etax.refreshes(again["refresh_token"], scope="openid").json
        assert "organisation" not in etax.reads(narrow["id_token"])
        assert "organisation" not in etax.is_told(narrow["access_token"])
        assert "organisation" not in introspected(etax, narrow["access_token"])

    def test_it_may_be_asked_for_by_the_claims_parameter(
        self, mandate: str, agent: Person, etax: Portal
    ) -> None:
        asked = orjson.dumps({"userinfo": {"organisation": None}}).decode()
        arrives(agent, etax, scope="openid", claims=asked).presses("as-1")
        said = etax.is_told(redeemed(agent, etax)["access_token"])
        assert said["organisation"] == ORGANISATION
        assert "mandate" not in said

    def test_discovery_lists_scope_and_claims(self, etax: Portal) -> None:
        said = etax.http.get("/.well-known/openid-configuration").json
        assert "organisation" in said["scopes_supported"]
        assert set(CLAIMS) <= set(said["claims_supported"])


class TestWhereItIsNot:
    def test_a_portal_without_the_scope_hears_nothing_of_it(
        self, app: flask.Flask, told: dict[str, Any], agent: Person, portal: Portal
    ) -> None:
        tokens = portal.tokens_for(agent, scope="openid organisation")
        assert "organisation" not in tokens["scope"].split()
        assert not set(CLAIMS) & portal.is_told(tokens["access_token"]).keys()
        assert not set(CLAIMS) & introspected(portal, tokens["access_token"]).keys()

    def test_a_statute_that_does_not_cover_it_tells_nothing(
        self, app: flask.Flask, mandate: str, agent: Person
    ) -> None:
        narrow = for_organisations(app, "narrow", claims=["organisation"])
        tokens = redeemed(arrives(agent, narrow).presses("as-1"), narrow)
        said = narrow.is_told(tokens["access_token"])
        assert (said.get("organisation"), said.get("mandate")) == (ORGANISATION, None)

    def test_a_mandate_for_other_portals_is_not_on_offer_here_and_says_nothing(
        self, app: flask.Flask, boss: Person, company: str, agent: Person, etax: Portal
    ) -> None:
        other = for_organisations(app, "other")
        limited = mandated(app, boss, company, agent, client_ids=["other"])
        arrives(agent, etax)
        assert "code" in agent.arrived, "nothing to choose here"
        agent.opens("/organisations/").presses("act-1")
        agent.opens(etax.url(scope=SCOPE, prompt="none"))
        assert agent.arrived["error"] == "interaction_required"
        arrives(agent, other)
        assert other.is_told(redeemed(agent, other)["access_token"])["mandate"]["id"] == limited
        arrives(agent, etax)
        assert agent.page.request.path == "/organisations/choose"
        assert "as-1" not in agent.page.text
        agent.presses("as-myself")
        assert not set(CLAIMS) & etax.is_told(redeemed(agent, etax)["access_token"]).keys()

    def test_it_ends_with_the_mandate_s_last_day_whatever_the_worker_does(
        self, app: flask.Flask, boss: Person, company: str, agent: Person, etax: Portal
    ) -> None:
        end = now() + timedelta(minutes=3)
        mandated(app, boss, company, agent, ends_at=end)
        tokens = redeemed(arrives(agent, etax).presses("as-1"), etax)
        assert tokens["expires_in"] <= 180, "no longer than the mandate"
        said = etax.is_told(tokens["access_token"])
        assert said["mandate"]["exp"] == int(end.timestamp())
        with time_machine.travel(end + timedelta(seconds=1)):
            assert etax.userinfo(tokens["access_token"]).status_code == 401
            for token in (tokens["access_token"], tokens["refresh_token"]):
                assert introspected(etax, token) == {"active": False}
            assert etax.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
            arrives(agent, etax)
            assert agent.page.request.path == "/organisations/choose"

    def test_a_code_from_before_its_end_is_redeemed_by_nobody_after_it(
        self, app: flask.Flask, boss: Person, company: str, agent: Person, etax: Portal
    ) -> None:
        end = now() + timedelta(seconds=20)
        mandated(app, boss, company, agent, ends_at=end)
        arrives(agent, etax).presses("as-1")
        with time_machine.travel(end + timedelta(seconds=1)):
            answer = etax.redeems(agent.arrived["code"])
        assert answer.json["error"] == "invalid_grant"


class TestConsent:
    def test_the_page_names_the_company_and_the_mandate(
        self, app: flask.Flask, mandate: str, agent: Person
    ) -> None:
        asking = registered(app, "asking", scope=SCOPE)
        arrives(agent, asking).presses("as-1")
        assert agent.page.request.path == "/consent/"
        assert f"{COMPANY}（{CODE}）" in agent.page.text
        assert "经办人 · 税务" in agent.page.text
        agent.presses("consent-allow")
        assert asking.is_told(redeemed(agent, asking)["access_token"])["organisation"]

    def test_who_acts_for_themselves_is_not_asked_about_companies(
        self, app: flask.Flask, agent: Person
    ) -> None:
        asking = registered(app, "asking", scope=SCOPE)
        arrives(agent, asking)
        assert "您代表的单位" not in agent.page.text


def acted_for(app: flask.Flask, person: Person, action: str) -> set[bool]:
    """Whether the person did it for the company, for each event there is."""
    with app.app_context():
        organisation = store.by_code(CODE)
        company = organisation.id if organisation else ""
        query = select(AuditEvent.acting_for).filter_by(account=person.account_id, action=action)
        found = set(db.session.scalars(query))
    assert company
    assert found <= {company, ""}
    return {each == company for each in found}


class TestTheTrail:
    def test_codes_tokens_and_refreshes_say_who_acted_for_whom(
        self, app: flask.Flask, told: dict[str, Any], agent: Person, etax: Portal
    ) -> None:
        expected = {"grant.code_issued", "token.issued", "token.refreshed"}
        etax.refreshes(told["refresh_token"])
        with app.app_context():
            log.copy_streams()
            organisation = store.by_code(CODE)
            assert organisation is not None
            actions = AuditEvent.action.in_(expected)
            rows = db.session.scalars(select(AuditEvent).where(actions))
            seen = {(e.action, e.account, e.acting_for) for e in rows}
        assert seen == {(each, agent.account_id, organisation.id) for each in expected}

    def test_what_a_statute_allows_to_tell_says_who_acted_for_whom(
        self, app: flask.Flask, told: dict[str, Any], agent: Person
    ) -> None:
        assert told["access_token"]
        assert acted_for(app, agent, "disclosure.statutory") == {True}

    def test_a_yes_and_its_end_say_who_acted_for_whom(
        self, app: flask.Flask, told: dict[str, Any], agent: Person
    ) -> None:
        assert told["access_token"]
        asking = registered(app, "asking", scope=SCOPE)
        arrives(agent, asking).presses("consent-allow")
        agent.opens("/account/portals/asking/withdraw").presses("withdraw-yes")
        assert acted_for(app, agent, "consent.given") == {True}
        assert acted_for(app, agent, "consent.withdrawn") == {True}

    @pytest.mark.usefixtures("company")
    def test_a_yes_for_oneself_names_no_organisation(self, app: flask.Flask, agent: Person) -> None:
        asking = registered(app, "asking", scope="openid phone")
        agent.opens(asking.url(scope="openid phone")).signs_in().presses("consent-allow")
        assert acted_for(app, agent, "consent.given") == {False}


class TestWarm:
    def test_no_round_trip_more_than_for_a_person(
        self, counted: Callable[[], Any], told: dict[str, Any], agent: Person, etax: Portal
    ) -> None:
        etax.userinfo(redeemed(arrives(agent, etax), etax)["access_token"])
        with counted() as count:
            agent.opens(etax.url(scope=SCOPE), follow=False)
        assert count == Count(sql=0, redis=2)
        with counted() as count:
            tokens = etax.redeems(agent.arrived["code"]).json
        assert count == Count(sql=0, redis=2)
        with counted() as count:
            assert "mandate" in etax.userinfo(tokens["access_token"]).json
        assert count == Count(sql=0, redis=1)
        with counted() as count:
            assert "mandate" in introspected(etax, tokens["access_token"])
        assert count == Count(sql=0, redis=1)
        etax.refreshes(tokens["refresh_token"])
        tokens = redeemed(arrives(agent, etax), etax)
        with counted() as count:
            etax.refreshes(tokens["refresh_token"])
        assert count.sql == 0

    def test_who_has_no_mandate_costs_no_question_once_warm(
        self, counted: Callable[[], Any], app: flask.Flask, agent: Person, etax: Portal
    ) -> None:
        redeemed(arrives(agent, etax), etax)
        redeemed(arrives(agent, etax), etax)
        with counted() as count:
            agent.opens(etax.url(scope=SCOPE), follow=False)
        assert count == Count(sql=0, redis=2)


class TestRenaming:
    def test_the_new_name_is_told_at_once(
        self, app: flask.Flask, told: dict[str, Any], agent: Person, etax: Portal
    ) -> None:
        with app.app_context():
            mandates.rename(CODE, "乙有限公司", Act("A-17", "new certificate"))
        assert etax.is_told(told["access_token"])["organisation"]["name"] == "乙有限公司"
        assert introspected(etax, told["access_token"])["organisation"]["name"] == "乙有限公司"
        refreshed = etax.refreshes(told["refresh_token"]).json
        assert etax.reads(refreshed["id_token"])["organisation"]["name"] == "乙有限公司"
        again = redeemed(arrives(agent, etax), etax)
        assert etax.reads(again["id_token"])["organisation"]["name"] == "乙有限公司"


def test_who_proves_more_while_acting_goes_on_acting(
    app: flask.Flask, told: dict[str, Any], agent: Person, etax: Portal
) -> None:
    agent.opens(etax.url(scope=SCOPE, prompt="login")).signs_in()
    said = etax.is_told(redeemed(agent, etax)["access_token"])
    assert said["organisation"] == ORGANISATION


def test_offline_access_used_long_after_ends_with_the_mandate(
    app: flask.Flask, told: dict[str, Any], boss: Person, mandate: str, etax: Portal
) -> None:
    """The index of what grew from a mandate outlives the sign-in, as that of an account does."""
    token = told["refresh_token"]
    life = app.extensions["settings"].tokens.refresh
    with time_machine.travel(now() + life * 0.9) as clock:
        for _ in range(3):
            token = etax.refreshes(token).json["refresh_token"]
            clock.shift(life * 0.9)
        with app.app_context():
            refs = sessions.ending.store.refs_of(mandate)
    assert refs
