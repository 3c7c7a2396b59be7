"""Levels rise by evidence, run out with it, and can be lowered with a reason."""

from datetime import timedelta

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import assurance, identities, settings
from idp.commands import documents
from idp.commands.levels import DOCUMENT
from idp.store import accounts
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.engines import pairs
from tests.oidc.actors import Person, Portal, registered
from tests.realname.conftest import tables
from tests.realname.test_proving import FACE, REGISTER, level, looks, proves, states

YEAR = timedelta(days=365)


@pytest.fixture
def configured(
    engines: pairs.Engines, registers: flask.Flask, offered: tuple[str, ...]
) -> settings.Settings:
    """Faces count for a year, comparisons with the register for five."""
    lasts = {"3": YEAR, "2": 5 * YEAR}
    realname = tables(registers, verifiers=offered, lasts=lasts)
    outbound = {"timeout": 2.0, "breaker_failures": 1000}
    given = {**engines.settings, "realname": realname, "outbound": outbound}
    return settings.load(environment="testing", **given)


@pytest.fixture
def known(registers: flask.Flask, wang: Person) -> Person:
    """Confirmed by the register, and by a face."""
    proves(wang.opens("/account/").signs_in(), registers, REGISTER)
    wang.opens("/realname/").presses("realname-submit", agree="yes")
    return looks(registers, wang)


def test_a_face_that_has_run_out_leaves_what_the_register_said(
    app: flask.Flask, known: Person
) -> None:
    assert level(app, known) == 3
    with time_machine.travel(YEAR + timedelta(minutes=1)):
        assert level(app, known) == 2
    with time_machine.travel(5 * YEAR + timedelta(minutes=2)):
        assert level(app, known) == 1


def test_a_portal_that_demands_more_asks_for_it_again(
    app: flask.Flask, registers: flask.Flask, known: Person, fund: Portal
) -> None:
    with time_machine.travel(YEAR + timedelta(minutes=1)):
        known.opens(fund.url()).signs_in()
        assert known.page.request.path == "/realname/form"
        known.presses("realname-submit", agree="yes")
        looks(registers, known)
        assert "code" in known.arrived


def test_lowering_ends_sessions_at_once_and_says_why(
    app: flask.Flask, known: Person, fund: Portal
) -> None:
    tokens = fund.tokens_for(known, scope="openid offline_access")
    with app.app_context():
        identities.lower(known.account_id, 2, "photo disputed")
    assert fund.userinfo(tokens["access_token"]).status_code == 401
    assert fund.refreshes(tokens["refresh_token"]).status_code == 400
    assert level(app, known) == 2
    with app.app_context():
        (event,) = db.session.scalars(select(AuditEvent).filter_by(action="identity.lowered"))
        assert event.reason == "photo disputed"


@pytest.mark.parametrize(("ial", "told"), [(1, False), (2, True)])
def test_evidence_that_counts_no_more_is_told_to_no_portal(
    app: flask.Flask, registers: flask.Flask, known: Person, ial: int, told: bool
) -> None:
    proves(known, registers, REGISTER)
    school = registered(
        app,
        "school",
        legal_basis="statutory",
        statute="《义务教育法》",
        scope="openid realname",
        claims=["real_name", "verified_claims"],
        sensitive_claims=["real_name"],
    )
    with app.app_context():
        identities.lower(known.account_id, ial, "photo disputed")
    known.browser = app.test_client()
    wanted = {
        "verification": {"trust_framework": None, "assurance_level": None},
        "claims": {"name": None},
    }
    claims = orjson.dumps({"userinfo": {"verified_claims": wanted}}).decode()
    tokens = school.tokens_for(known, scope="openid realname", claims=claims)
    said = school.is_told(tokens["access_token"])
    assert ("real_name" in said) is told
    if told:
        assert said["verified_claims"]["verification"]["assurance_level"] == "ial2"


def test_who_was_lowered_may_prove_themselves_anew(
    app: flask.Flask, registers: flask.Flask, known: Person
) -> None:
    with app.app_context():
        identities.lower(known.account_id, 1, "disputed")
    known.opens("/account/").signs_in()
    known.opens("/realname/").follows(f"way-{FACE}").presses("realname-submit", agree="yes")
    looks(registers, known)
    assert level(app, known) == 3


def test_a_name_that_was_not_theirs_is_free_for_whose_it_is(
    app: flask.Flask, registers: flask.Flask, known: Person, li: Person
) -> None:
    with app.app_context():
        identities.take_away(known.account_id, "wrong person")
    assert level(app, known) == 1
    proves(li.opens("/account/").signs_in(), registers, REGISTER)
    assert level(app, li) == 2
    with app.app_context(), pytest.raises(identities.NoIdentity):
        identities.take_away(known.account_id, "once more")


def test_what_ran_out_does_not_keep_a_document_from_stronger_evidence(
    app: flask.Flask, registers: flask.Flask, known: Person, li: Person
) -> None:
    """The holder's face has run out, so another face is stronger again."""
    with time_machine.travel(YEAR + timedelta(minutes=1)):
        li.opens("/account/").signs_in()
        li.opens("/realname/").follows(f"way-{FACE}")
        states(li)
        looks(registers, li)
        assert (level(app, known), level(app, li)) == (1, 3)


def test_the_account_remembers_what_its_evidence_is_worth(app: flask.Flask, known: Person) -> None:
    with app.app_context():
        account = accounts.by_id(known.account_id)
        identity = store.of(known.account_id)
        assert account is not None
        assert identity is not None
        assert account.ial == 3
        assert account.ial_until is not None
        assert len(store.evidence_of(identity)) == 2


def test_evidence_that_comes_by_a_merge_runs_out_as_it_would_have(
    app: flask.Flask, registers: flask.Flask, known: Person, li: Person
) -> None:
    proves(li.opens("/account/").signs_in(), registers, FACE)
    li.follows("conflict-merge").presses("merge-submit")
    assert level(app, li) == 3
    with time_machine.travel(YEAR + timedelta(minutes=1)):
        assert level(app, li) == 2


def test_the_least_of_several_levels_are_those_that_cover_no_other() -> None:
    either = assurance.least(["ial3.aal2", "ial2.aal1", "ial1.aal2", "gold"])
    assert [level.acr for level in either] == ["ial1.aal2", "ial2.aal1"]
    real_name = assurance.Level(2, 1)
    assert assurance.meets(real_name, either)
    assert not assurance.meets(assurance.Level(1, 1), either)
    assert assurance.at_least(real_name, either) == (real_name,)
    assert assurance.at_least(real_name, ()) == (real_name,)


class TestOtherSchemes:
    @pytest.mark.parametrize("ial", assurance.TABLE["ial"])
    def test_each_has_a_name_for_every_level(self, ial: str) -> None:
        assert assurance.TABLE["ial"][ial]["maps_to"].keys() == assurance.TABLE["schemes"].keys()

    def test_portals_read_it_in_a_page_made_from_the_table(self) -> None:
        page = documents.levels_page()
        assert "| 3 | 实人 Real person | `face`, `network_credential` | 四级 |" in page
        assert DOCUMENT.read_text(encoding="utf-8") == page
