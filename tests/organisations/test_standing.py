"""What ends and changes mandates beside their holders: races, and the staff."""

from datetime import timedelta
from typing import Any

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import closing, identities, mandates, sessions, stops
from idp.mandates import Terms, granting
from idp.staff import Act, OfficerUnnamed
from idp.store import accounts, buckets, numbers
from idp.store import identities as identity_store
from idp.store import organisations as store
from idp.store.audit import AuditEvent
from idp.store.engines import db, redis
from idp.store.outbox import OutboxMessage
from tests.commands.conftest import Run, command
from tests.oidc.actors import Person, Portal
from tests.organisations.acting import (
    account_of,
    arrives,
    for_organisations,
    mandated,
    redeemed,
)
from tests.organisations.conftest import CODE, COMPANY

__all__ = ["command"]
OFFICER, REASON = "A-17", "certificate of 2026-11-20"


@pytest.fixture
def etax(app: flask.Flask) -> Portal:
    return for_organisations(app)


@pytest.fixture
def mandate(app: flask.Flask, boss: Person, company: str, agent: Person) -> str:
    return mandated(app, boss, company, agent)


@pytest.fixture
def told(mandate: str, agent: Person, etax: Portal) -> dict[str, Any]:
    """Tokens of the agent who acts for the company."""
    return redeemed(arrives(agent, etax).presses("as-1"), etax)


def offered(app: flask.Flask, boss: Person, company: str, agent: Person) -> str:
    with app.app_context():
        to = ("李秀英", account_of(agent).phone or "")
        return mandates.offer(account_of(boss), company, to, Terms(["tax"])).id


def is_over(portal: Portal, tokens: dict[str, Any]) -> bool:
    found = portal.calls("/oauth/introspect", token=tokens["access_token"]).json
    refused = portal.refreshes(tokens["refresh_token"]).status_code == 400
    return found == {"active": False} and refused


class TestRaces:
    def test_an_offer_withdrawn_while_it_is_accepted_is_not_accepted(
        self,
        app: flask.Flask,
        boss: Person,
        company: str,
        agent: Person,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        offer, look = offered(app, boss, company, agent), store.offers_to

        def slowly(phone: str) -> list[store.Mandate]:
            seen = look(phone)
            with app.app_context():
                mandates.revoke(account_of(boss), offer)
            return seen

        with app.app_context():
            account = account_of(agent)
            monkeypatch.setattr(store, "offers_to", slowly)
            with pytest.raises(mandates.NotYours):
                mandates.accept(account, offer)
        with app.app_context():
            found = store.mandate(offer)
            assert found is not None
            assert (found.state, found.account_id) == (store.REVOKED, None)

    @pytest.mark.parametrize("tab", ["accept", "represent"])
    def test_nothing_is_given_to_a_name_that_is_taken_away_meanwhile(
        self,
        app: flask.Flask,
        boss: Person,
        company: str,
        agent: Person,
        monkeypatch: pytest.MonkeyPatch,
        tab: str,
    ) -> None:
        offer, hold, left = offered(app, boss, company, agent), accounts.hold, [True]
        who = agent if tab == "accept" else boss

        def late(*account_ids: str) -> Any:
            if left:
                left.pop()
                with app.app_context():
                    identities.take_away(who.account_id, "not_theirs")
            return hold(*account_ids)

        monkeypatch.setattr(accounts, "hold", late)
        with app.app_context(), pytest.raises(mandates.NameNeeded):
            if tab == "accept":
                mandates.accept(account_of(agent), offer)
            else:
                found = mandates.Found("92440100MA00TE5T20", "乙店", "enterprise", "test", "t-2")
                mandates.represent(account_of(boss), found)
        with app.app_context():
            assert mandates.in_force(who.account_id) == []

    def test_who_accepts_and_acts_while_it_is_withdrawn_is_stopped(
        self,
        app: flask.Flask,
        boss: Person,
        company: str,
        agent: Person,
        etax: Portal,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        offer, end, used = offered(app, boss, company, agent), store.end, []

        def slowly(found: Any, reason: str) -> list[store.Mandate]:
            with app.app_context():
                mandates.accept(account_of(agent), offer)
            used.append(redeemed(arrives(agent, etax).presses("as-1"), etax))
            return end(found, reason)

        with app.app_context():
            account = account_of(boss)
            monkeypatch.setattr(store, "end", slowly)
            mandates.revoke(account, offer)
        assert is_over(etax, used[0])

    def test_what_is_passed_on_while_it_is_revoked_is_worth_nothing(
        self,
        app: flask.Flask,
        boss: Person,
        company: str,
        agent: Person,
        named: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        middle = mandated(app, boss, company, agent, may_delegate=True)
        zhao = named("zhaox", "+8613800000003", "赵雪", "330000199506150020", 2)
        under, passed = store.granted_under, []

        def slowly(mandate_id: str) -> list[store.Mandate]:
            found = under(mandate_id)
            with app.app_context():
                to = ("赵雪", "+8613800000003")
                passed.append(mandates.offer(account_of(agent), middle, to, Terms(["tax"])).id)
                mandates.accept(account_of(zhao), passed[0])
            return found

        with app.app_context():
            account = account_of(boss)
            monkeypatch.setattr(store, "granted_under", slowly)
            mandates.revoke(account, middle)
        with app.app_context(), pytest.raises(mandates.NotYours):
            mandates.held(account_of(zhao), passed[0])

    def test_revoked_twice_is_revoked_once(
        self, app: flask.Flask, boss: Person, mandate: str
    ) -> None:
        with app.app_context():
            mandates.revoke(account_of(boss), mandate)
            with pytest.raises(mandates.NotYours):
                mandates.revoke(account_of(boss), mandate)
            query = select(AuditEvent).filter_by(action="mandate.revoked")
            assert len(list(db.session.scalars(query))) == 1


class TestThePerson:
    """What somebody was given as a person ends when they turn out not to be that person."""

    def test_whose_name_is_taken_away_acts_no_more_nor_whom_they_mandated(
        self, app: flask.Flask, told: dict[str, Any], etax: Portal, boss: Person, agent: Person
    ) -> None:
        with app.app_context():
            identities.take_away(boss.account_id, "face_spoofed")
        assert is_over(etax, told)
        with app.app_context():
            assert mandates.in_force(boss.account_id) == []
            assert mandates.in_force(agent.account_id) == []

    def test_whose_document_went_to_stronger_evidence_acts_no_more(
        self, app: flask.Flask, told: dict[str, Any], etax: Portal, boss: Person, people: Any
    ) -> None:
        other = people("wangjg2", "+8613800000008")
        with app.app_context():
            held = identity_store.of(boss.account_id)
            assert held is not None
            who = identity_store.Person(held.real_name, held.kind, held.number, held.document)
            proof = identity_store.Proof("hall", "hall", "C-1", 4)
            identities.bind(account_of(other), identities.Confirmed(who, proof))
            assert mandates.in_force(boss.account_id) == []
        assert is_over(etax, told)

    @pytest.mark.parametrize("kind", [stops.DECEASED, stops.CANCELLED, stops.WRONG_PERSON])
    def test_who_is_not_there_leaves_no_agents(
        self, app: flask.Flask, told: dict[str, Any], etax: Portal, boss: Person, kind: str
    ) -> None:
        with app.app_context():
            stops.stop(boss.account_id, kind, Act(OFFICER, REASON))
        assert is_over(etax, told)

    def test_whose_account_is_stopped_for_safety_leaves_agents_at_work_and_appoints_nobody(
        self,
        app: flask.Flask,
        told: dict[str, Any],
        etax: Portal,
        boss: Person,
        agent: Person,
        company: str,
    ) -> None:
        offer = offered(app, boss, company, agent)
        with app.app_context():
            stops.stop(boss.account_id, stops.OTHER, Act(OFFICER, REASON))
            with pytest.raises(mandates.NotYours):
                mandates.accept(account_of(agent), offer)
        assert not is_over(etax, told)

    def test_who_has_no_name_any_more_offers_nothing(
        self, app: flask.Flask, boss: Person, company: str
    ) -> None:
        with app.app_context():
            identities.lower(boss.account_id, 2, "doubt")
            to = ("李秀英", "+8613800000002")
            with pytest.raises(mandates.NameNeeded):
                mandates.offer(account_of(boss), company, to, Terms(["tax"]))

    def test_an_account_that_lost_its_number_for_good_represents_nobody(
        self, app: flask.Flask, told: dict[str, Any], etax: Portal, boss: Person
    ) -> None:
        with app.app_context():
            account = account_of(boss)
            account.username = account.username_key = None
            numbers.release(account, timedelta(days=1))
            db.session.commit()
            with time_machine.travel(timedelta(days=2)):
                assert closing.close_if_due(boss.account_id)
        assert is_over(etax, told)


class TestAfterAnIdleHalfHour:
    """The session is gone here; the portal's own may go on."""

    def test_the_portal_is_told_of_the_end_all_the_same(
        self,
        app: flask.Flask,
        boss: Person,
        agent: Person,
        mandate: str,
        portal: Portal,
    ) -> None:
        agent.opens("/account/").signs_in().opens("/organisations/").presses("act-1")
        agent.opens(portal.url())
        assert portal.redeems(agent.arrived["code"]).status_code == 200
        with app.app_context():
            (session,) = sessions.list_of(agent.account_id)
            sid = session.sid_for(portal.client_id)
            redis.delete(buckets.session(session.bucket, session.sid))
            mandates.revoke(account_of(boss), mandate)
            rows = db.session.scalars(select(OutboxMessage).filter_by(kind="backchannel-logout"))
            assert [row.payload["sid"] for row in rows] == [sid]


class TestOffersWithoutEnd:
    def test_so_many_a_day(
        self, app: flask.Flask, boss: Person, company: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(granting, "OFFERS_DAY", 2)
        with app.app_context():
            to = ("李秀英", "+8613800000002")
            for _ in range(2):
                mandates.offer(account_of(boss), company, to, Terms(["tax"]))
            with pytest.raises(mandates.OfferedTooOften):
                mandates.offer(account_of(boss), company, to, Terms(["tax"]))

    def test_so_many_under_one(
        self, app: flask.Flask, boss: Person, company: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(granting, "MOST", 1)
        with app.app_context():
            to = ("李秀英", "+8613800000002")
            first = mandates.offer(account_of(boss), company, to, Terms(["tax"]))
            with pytest.raises(mandates.TooManyAgents):
                mandates.offer(account_of(boss), company, to, Terms(["tax"]))
            mandates.revoke(account_of(boss), first.id)
            mandates.offer(account_of(boss), company, to, Terms(["tax"]))

    def test_passed_on_so_often(
        self,
        app: flask.Flask,
        boss: Person,
        company: str,
        agent: Person,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(granting, "DEEPEST", 1)
        with app.app_context():
            to = ("李秀英", account_of(agent).phone or "")
            terms = Terms(["tax"], may_delegate=True)
            own = mandates.offer(account_of(boss), company, to, terms).id
            mandates.accept(account_of(agent), own)
            with pytest.raises(mandates.TooManyAgents):
                mandates.offer(account_of(agent), own, ("赵雪", "+8613800000003"), terms)


class TestTheHolder:
    def test_hears_of_the_end_by_message(
        self, app: flask.Flask, boss: Person, mandate: str
    ) -> None:
        with app.app_context():
            mandates.revoke(account_of(boss), mandate)
            rows = list(db.session.scalars(select(OutboxMessage).filter_by(kind="notice")))
        assert [row.payload["template"] for row in rows].count("mandate_revoked") == 1

    def test_session_ended_says_for_whom(
        self, app: flask.Flask, boss: Person, told: dict[str, Any], mandate: str
    ) -> None:
        with app.app_context():
            mandates.revoke(account_of(boss), mandate)
            organisation = store.by_code(CODE)
            query = select(AuditEvent).filter_by(action="session.ended", reason="mandate_revoked")
            (event,) = db.session.scalars(query)
            assert organisation is not None
            assert event.acting_for == organisation.id


class TestTheStaff:
    @pytest.mark.parametrize(("officer", "reason"), [("", REASON), (OFFICER, " ")])
    def test_names_itself_and_a_reason(
        self, command: Run, company: str, officer: str, reason: str
    ) -> None:
        by = ("--officer", officer, "--reason", reason)
        for act in (
            ("rename", CODE, "--name", "乙有限公司"),
            ("dissolve", CODE),
            ("replace", CODE),
        ):
            with pytest.raises(OfficerUnnamed):
                command("organisation", *act, *by)

    def test_dissolves_and_everything_under_the_company_ends(
        self, app: flask.Flask, command: Run, told: dict[str, Any], etax: Portal, boss: Person
    ) -> None:
        command("organisation", "dissolve", CODE, "--officer", OFFICER, "--reason", REASON)
        assert is_over(etax, told)
        with app.app_context():
            assert mandates.in_force(boss.account_id) == []
            query = select(AuditEvent).filter_by(action="organisation.dissolved")
            (event,) = db.session.scalars(query)
            assert OFFICER in event.details and event.reason == REASON
        again = ("--officer", OFFICER, "--reason", REASON)
        with pytest.raises(mandates.Dissolved):
            command("organisation", "dissolve", CODE, *again)

    def test_replaces_the_legal_representative(
        self,
        app: flask.Flask,
        command: Run,
        told: dict[str, Any],
        etax: Portal,
        boss: Person,
        named: Any,
    ) -> None:
        zhao = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        by = ("--officer", OFFICER, "--reason", REASON)
        command("organisation", "replace", CODE, "--account", zhao.account_id, *by)
        assert is_over(etax, told), "what the one before granted ends"
        with app.app_context():
            assert mandates.in_force(boss.account_id) == []
            (own,) = mandates.in_force(zhao.account_id)
            assert (own.kind, own.may_delegate) == (store.LEGAL, True)
            query = select(AuditEvent).filter_by(action="organisation.representative_replaced")
            (event,) = db.session.scalars(query)
            assert OFFICER in event.details and zhao.account_id in event.details

    def test_frees_the_place_for_whoever_the_register_names(
        self, app: flask.Flask, command: Run, company: str, named: Any
    ) -> None:
        by = ("--officer", OFFICER, "--reason", REASON)
        command("organisation", "replace", CODE, *by)
        zhao = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        with app.app_context():
            found = mandates.Found(CODE, COMPANY, "enterprise", "register", "r")
            assert mandates.represent(account_of(zhao), found).kind == store.LEGAL

    def test_registers_one_no_register_knows_as_its_certificate_says(
        self, app: flask.Flask, command: Run, boss: Person
    ) -> None:
        by = ("--officer", OFFICER, "--reason", REASON)
        school = ("12110000MA0000001J", "--name", "甲省第一中学")
        command("organisation", "register", *school, "--account", boss.account_id, *by)
        with app.app_context():
            (own,) = mandates.in_force(boss.account_id)
            assert (own.organisation.name, own.kind) == ("甲省第一中学", store.LEGAL)
            assert (own.organisation.method, own.organisation.reference) == ("hall", OFFICER)

    def test_appoints_nobody_whose_face_was_not_seen(
        self, app: flask.Flask, command: Run, company: str, agent: Person, boss: Person
    ) -> None:
        by = ("--officer", OFFICER, "--reason", REASON)
        with pytest.raises(mandates.NameNeeded):
            command("organisation", "replace", CODE, "--account", agent.account_id, *by)
        with app.app_context():
            assert len(mandates.in_force(boss.account_id)) == 1, "and nothing was ended"

    def test_renames_lists_and_shows(
        self, app: flask.Flask, command: Run, mandate: str, agent: Person
    ) -> None:
        by = ("--officer", OFFICER, "--reason", REASON)
        command("organisation", "rename", CODE, "--name", "乙有限公司", *by)
        assert "乙有限公司" in command("organisation", "list").output
        assert command("organisation", "list", "--after", CODE).output == ""
        shown = command("organisation", "show", CODE).output
        assert mandate in shown and agent.account_id in shown
        assert "李秀英" not in shown, "people by their account ids"
        with pytest.raises(mandates.NoSuchOrganisation):
            command("organisation", "show", "91110000MA00000078")
        with app.app_context():
            query = select(AuditEvent).filter_by(action="organisation.renamed")
            (event,) = db.session.scalars(query)
            assert "乙有限公司" not in event.details


def test_a_session_that_went_over_is_found_by_account_and_mandate(
    app: flask.Flask, told: dict[str, Any], agent: Person, mandate: str
) -> None:
    with app.app_context():
        (session,) = sessions.list_of(agent.account_id)
        assert session.acting is not None
        assert session.acting.mandate == mandate
