"""The legal name and the document's number: to whom, how, and until when (DESIGN §6)."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import sessions, standing
from idp.standing import InvalidRegistration
from idp.store import accounts
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.types import now
from tests import forms
from tests.oidc.actors import (
    EVERYTHING,
    NAME,
    NUMBER,
    STATUTE,
    Person,
    Portal,
    proven,
    reading_letters,
)

ALL = f"{EVERYTHING} realname id_number"
APPROVED = ["real_name", "id_number"]
FACE = {"method": "face", "verifier": "tencent_face", "reference": "f-1", "ial": 3}


@pytest.fixture
def ming(wang: Person) -> Person:
    """Somebody whose name a register has confirmed."""
    return proven(wang)


@pytest.fixture
def bank(register: Callable[..., Portal]) -> Portal:
    """Asks for consent, and may be told the legal name."""
    return register("bank", scope=f"{EVERYTHING} realname", sensitive_claims=["real_name"])


@pytest.fixture
def notary(app: flask.Flask) -> Portal:
    """Asks for consent, and may be told the number too."""
    return reading_letters(app, "notary", scope=ALL, sensitive_claims=APPROVED)


@pytest.fixture
def tax(app: flask.Flask) -> Portal:
    """Stands on a statute that covers the number."""
    claims = ["real_name", "id_type", "id_number"]
    basis = {"legal_basis": "statutory", "statute": STATUTE, "claims": claims}
    return reading_letters(app, "tax", scope=ALL, sensitive_claims=APPROVED, **basis)


def refused(person: Person, portal: Portal, **asked: Any) -> str:
    """The error the portal hears."""
    person.opens(portal.url(**asked), follow=False)
    assert "code" not in person.arrived
    return person.arrived["error"]


class TestName:
    def test_the_legal_name_comes_with_its_scope_and_the_profile_never_has_it(
        self, people: Callable[..., Person], bank: Portal
    ) -> None:
        chosen = proven(people("ming", "+8613800000008", profile={"name": "小明"}))

        told = bank.is_told(
            bank.tokens_for(chosen, scope="openid profile realname")["access_token"]
        )

        assert (told["name"], told["real_name"]) == ("小明", NAME)
        assert NAME not in {told[name] for name in told.keys() - {"real_name"}}

    def test_it_may_be_asked_for_by_name_in_the_id_token(self, ming: Person, bank: Portal) -> None:
        tokens = bank.tokens_for(ming, claims='{"id_token": {"real_name": null}}')

        assert bank.reads(tokens["id_token"])["real_name"] == NAME
        assert "real_name" not in bank.is_told(tokens["access_token"])
        again = bank.refreshes(tokens["refresh_token"]).json
        assert bank.reads(again["id_token"])["real_name"] == NAME

    def test_who_has_proved_no_name_has_none_to_tell(self, wang: Person, bank: Portal) -> None:
        told = bank.is_told(bank.tokens_for(wang, scope="openid realname")["access_token"])

        assert "real_name" not in told

    def test_nobody_is_told_another_persons_name(
        self, ming: Person, people: Callable[..., Person], bank: Portal
    ) -> None:
        li = proven(people("lihong"), "李红", "110000199003070028")
        theirs = bank.tokens_for(li, scope="openid realname")
        mine = bank.tokens_for(ming, scope="openid realname")

        assert bank.is_told(theirs["access_token"])["real_name"] == "李红"
        assert bank.is_told(mine["access_token"])["real_name"] == NAME

    def test_evidence_that_has_run_out_says_nothing_any_more(
        self, wang: Person, bank: Portal
    ) -> None:
        proven(wang, lasts_until=now() + timedelta(minutes=1))
        tokens = bank.tokens_for(wang, scope="openid realname")
        assert bank.is_told(tokens["access_token"])["real_name"] == NAME

        with time_machine.travel(time.time() + 70, tick=True):
            assert "real_name" not in bank.is_told(tokens["access_token"])


class TestApproval:
    @pytest.mark.parametrize("scope", ["openid realname", "openid id_number", "realname"])
    def test_a_scope_nobody_approved_is_refused(
        self, ming: Person, register: Callable[..., Portal], scope: str
    ) -> None:
        eager = register("eager", scope=ALL)

        assert refused(ming, eager, scope=scope) == "invalid_scope"
        assert refused(ming, eager, scope=scope, prompt="none") == "invalid_scope"

    def test_an_approval_for_the_name_is_none_for_the_number(
        self, ming: Person, bank: Portal
    ) -> None:
        assert refused(ming, bank, scope="openid realname id_number") == "invalid_scope"

    def test_a_claim_nobody_approved_is_left_out(
        self, ming: Person, register: Callable[..., Portal]
    ) -> None:
        eager = register("eager", scope=ALL)
        wanted = '{"real_name": {"essential": true}, "id_number": null, "id_type": null}'
        claims = f'{{"userinfo": {wanted}, "id_token": {wanted}}}'

        tokens = eager.tokens_for(ming, claims=claims)

        assert set(eager.is_told(tokens["access_token"])) == {"sub"}
        told = eager.reads(tokens["id_token"])
        assert not {"real_name", "id_number", "id_type"} & set(told)

    def test_an_approval_taken_back_holds_at_once(
        self, app: flask.Flask, ming: Person, bank: Portal
    ) -> None:
        tokens = bank.tokens_for(ming, scope="openid realname")
        assert "real_name" in bank.is_told(tokens["access_token"])
        with app.app_context():
            standing.change_client("bank", {"sensitive_claims": []})

        assert "real_name" not in bank.is_told(tokens["access_token"])
        assert refused(ming, bank, scope="openid realname") == "invalid_scope"

    def test_a_statute_does_not_replace_it_and_it_does_not_replace_a_statute(
        self, ming: Person, register: Callable[..., Portal]
    ) -> None:
        basis = {"legal_basis": "statutory", "statute": STATUTE, "scope": ALL}
        eager = register("eager", **basis, claims=["real_name"])
        modest = register("modest", **basis, sensitive_claims=["real_name"])

        assert refused(ming, eager, scope="openid realname") == "invalid_scope"
        tokens = modest.tokens_for(ming, scope="openid realname")
        assert "real_name" not in modest.is_told(tokens["access_token"])

    @pytest.mark.parametrize(
        "change",
        [
            {"sensitive_claims": ["phone_number"]},
            {"sensitive_claims": "real_name"},
            {"userinfo_encrypted_response_alg": "", "userinfo_encrypted_response_enc": ""},
            {"token_endpoint_auth_method": "none"},
            {"jwks": None},
        ],
    )
    def test_a_registration_the_number_could_not_safely_reach_is_refused(
        self, app: flask.Flask, notary: Portal, change: dict[str, Any]
    ) -> None:
        with app.app_context(), pytest.raises(InvalidRegistration):
            standing.change_client("notary", change)

    def test_no_scope_that_speaks_of_a_person_is_had_without_one(
        self, register: Callable[..., Portal]
    ) -> None:
        api = register("api", grant_types=["client_credentials"], scope=f"{ALL} api")
        for scope in ("realname", "id_number", "api realname"):
            answer = api.calls("/oauth/token", grant_type="client_credentials", scope=scope)
            assert answer.json["error"] == "unauthorized_client"


class TestNumber:
    def test_it_is_told_by_userinfo_and_encrypted(self, ming: Person, notary: Portal) -> None:
        tokens = notary.tokens_for(ming, scope="openid id_number")

        answer = notary.userinfo(tokens["access_token"])

        assert answer.mimetype == "application/jwt"
        told = notary.reads(notary.decrypts(answer.text))
        assert (told["id_type"], told["id_number"]) == ("resident_id", NUMBER)
        assert "real_name" not in told

    def test_it_never_stands_in_an_id_token(self, ming: Person, notary: Portal) -> None:
        claims = '{"id_token": {"id_number": {"essential": true}, "id_type": null}}'

        tokens = notary.tokens_for(ming, scope="openid realname", claims=claims)

        assert not {"id_number", "id_type"} & set(notary.reads(tokens["id_token"]))
        assert "id_number" not in notary.is_told(tokens["access_token"])

    def test_it_is_kept_nowhere_between_requests(
        self, app: flask.Flask, ming: Person, notary: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept: list[str] = []
        sealer = app.extensions["idp"].sealer
        seal = type(sealer).seal

        def noted(self: Any, purpose: str, value: str, bound: str = "") -> Any:
            kept.append(value)
            return seal(self, purpose, value, bound)

        monkeypatch.setattr(type(sealer), "seal", noted)
        tokens = notary.tokens_for(ming, scope="openid realname id_number")
        assert notary.is_told(tokens["access_token"])["id_number"] == NUMBER

        assert any("identity" in value for value in kept)
        assert not any(NUMBER in value for value in kept)

    def test_it_stands_in_no_address_and_no_log(
        self, ming: Person, notary: Portal, capfd: pytest.CaptureFixture[str]
    ) -> None:
        seen: list[str] = []
        open_ = ming.browser.get

        def watched(url: str) -> Any:
            answer = open_(url)
            seen.extend((url, answer.headers.get("Location", "")))
            return answer

        ming.browser.get = watched  # type: ignore[method-assign]
        notary.is_told(notary.tokens_for(ming, scope="openid realname id_number")["access_token"])

        said = "".join(seen) + "".join(capfd.readouterr())
        assert NUMBER not in said
        assert NAME not in said

    def test_it_is_not_told_in_plain_once_the_encryption_is_gone(
        self, app: flask.Flask, ming: Person, notary: Portal
    ) -> None:
        """Whatever became of the registration: what cannot be encrypted is not told."""
        tokens = notary.tokens_for(ming, scope="openid realname id_number")
        with app.app_context():
            row = db.session.get_one(standing.Client, "notary")
            row.metadata_ = row.metadata_ | {"userinfo_encrypted_response_alg": ""}
            standing._publish()

        told = notary.is_told(tokens["access_token"])

        assert told["real_name"] == NAME
        assert not {"id_number", "id_type"} & set(told)
        assert refused(ming, notary, scope="openid id_number") == "invalid_scope"

    def test_introspection_says_nothing_of_it(self, ming: Person, tax: Portal) -> None:
        tokens = tax.tokens_for(ming, scope="openid realname id_number")

        answer = tax.calls("/oauth/introspect", token=tokens["access_token"])

        assert answer.json["active"]
        assert NUMBER not in answer.text
        assert "real_name" not in answer.json


class TestConsent:
    def test_the_page_masks_the_name_and_the_number(self, ming: Person, notary: Portal) -> None:
        ming.opens(notary.url(scope="openid realname id_number")).signs_in()

        assert ming.page.request.path == "/consent/"
        assert "王*明" in ming.page.text
        assert "1100**********001X" in ming.page.text
        assert "居民身份证" in ming.page.text
        assert NAME not in ming.page.text
        assert NUMBER not in ming.page.text

    def test_the_number_takes_a_tick_of_its_own_and_the_rest_goes_on_without(
        self, ming: Person, notary: Portal
    ) -> None:
        ming.opens(notary.url(scope="openid realname id_number")).signs_in()
        assert "number" not in forms.with_button(ming.page.text, "consent-allow").fields

        ming.presses("consent-allow")

        told = notary.is_told(notary.redeems(ming.arrived["code"]).json["access_token"])
        assert told["real_name"] == NAME
        assert not {"id_number", "id_type"} & set(told)

    def test_a_tick_of_before_does_not_stand_in_for_one_now(
        self, ming: Person, notary: Portal
    ) -> None:
        notary.tokens_for(ming, scope="openid realname id_number")
        verified = '{"verification": {"trust_framework": null}, "claims": {"id_number": null}}'
        asked = f'{{"userinfo": {{"id_type": null, "verified_claims": {verified}}}}}'

        ming.opens(notary.url(scope="openid realname id_number", claims=asked))
        ming.presses("consent-allow")

        tokens = notary.redeems(ming.arrived["code"]).json
        told = notary.is_told(tokens["access_token"])
        assert NUMBER not in str(told)
        assert "id_type" not in told

    def test_who_has_no_number_to_give_is_asked_for_no_tick(
        self, wang: Person, notary: Portal
    ) -> None:
        wang.opens(notary.url(scope="openid id_number")).signs_in()
        assert "consent-number" not in wang.page.text
        wang.presses("consent-allow")
        assert "code" in wang.arrived

    def test_it_says_so_in_english_too(self, ming: Person, notary: Portal) -> None:
        ming.opens(notary.url(scope="openid id_number", ui_locales="en")).signs_in()

        assert "Resident identity card" in ming.page.text

    def test_a_yes_for_the_number_is_good_once(self, ming: Person, notary: Portal) -> None:
        notary.tokens_for(ming, scope="openid realname id_number")

        assert refused(ming, notary, scope="openid id_number", prompt="none") == "consent_required"
        ming.opens(notary.url(scope="openid id_number"))
        assert ming.page.request.path == "/consent/"
        ming.presses("consent-deny")
        assert ming.arrived["error"] == "access_denied"
        ming.opens(notary.url(scope="openid realname"), follow=False)
        assert "code" in ming.arrived, "the name is remembered like any other claim"

    def test_every_yes_for_the_number_is_on_record(
        self, app: flask.Flask, ming: Person, notary: Portal
    ) -> None:
        for _ in range(2):
            notary.tokens_for(ming, scope="openid realname id_number")

        with app.app_context():
            given = db.session.scalars(
                select(AuditEvent).filter_by(action="consent.given").order_by(AuditEvent.at)
            )
            claims = [orjson.loads(event.details)["claims"] for event in given]
        assert claims == [
            ["guardian", "id_number", "id_type", "real_name"],
            ["id_number", "id_type"],
        ]

    def test_a_yes_for_the_number_does_not_live_on_in_refreshed_tokens(
        self, ming: Person, notary: Portal
    ) -> None:
        tokens = notary.tokens_for(ming, scope="openid realname id_number offline_access")
        assert "id_number" in notary.is_told(tokens["access_token"])
        again = notary.refreshes(tokens["refresh_token"]).json

        for token in (again["access_token"], tokens["access_token"]):
            told = notary.is_told(token)
            assert told["real_name"] == NAME
            assert not {"id_number", "id_type"} & set(told)

    def test_a_statute_asks_nobody_and_lasts(self, ming: Person, tax: Portal) -> None:
        ming.opens(tax.url(scope="openid realname id_number")).signs_in()
        tokens = tax.redeems(ming.arrived["code"]).json
        again = tax.refreshes(tokens["refresh_token"]).json

        assert tax.is_told(again["access_token"])["id_number"] == NUMBER

    def test_the_account_shows_it_masked_and_takes_it_back(
        self, ming: Person, notary: Portal
    ) -> None:
        tokens = notary.tokens_for(ming, scope="openid realname id_number")
        ming.opens("/account/portals")
        assert "1100**********001X" in ming.page.text
        assert NUMBER not in ming.page.text

        ming.follows("withdraw-notary").presses("withdraw-yes")

        assert notary.userinfo(tokens["access_token"]).status_code == 401
        ming.opens(notary.url(scope="openid realname"))
        assert ming.page.request.path == "/consent/"


class TestDisplacement:
    """Another account shows stronger evidence for the same document."""

    @pytest.fixture
    def li(self, people: Callable[..., Person]) -> Person:
        return people("lihong", "+8613800000002")

    def test_the_tokens_of_who_held_the_name_are_dead(
        self, ming: Person, li: Person, notary: Portal
    ) -> None:
        tokens = notary.tokens_for(ming, scope="openid realname id_number offline_access")

        proven(li, **FACE)

        assert notary.userinfo(tokens["access_token"]).status_code == 401
        assert notary.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
        mine = notary.tokens_for(li, scope="openid realname")
        assert notary.is_told(mine["access_token"])["real_name"] == NAME

    def test_a_code_on_its_way_is_dead_too(self, ming: Person, li: Person, tax: Portal) -> None:
        ming.opens(tax.url(scope="openid realname id_number")).signs_in()

        proven(li, **FACE)

        assert tax.redeems(ming.arrived["code"]).json["error"] == "invalid_grant"

    def test_a_name_that_ends_while_a_session_goes_on_is_gone_at_once(
        self, app: flask.Flask, ming: Person, bank: Portal
    ) -> None:
        tokens = bank.tokens_for(ming, scope="openid realname")
        assert "real_name" in bank.is_told(tokens["access_token"])
        with app.app_context():
            identity = store.of(ming.account_id)
            account = accounts.by_id(ming.account_id)
            assert identity is not None
            assert account is not None
            store.release(identity, store.ENDED, "corrected in the hall")
            store.grade(account, None)
            sessions.claims_changed(account.id)

        assert "real_name" not in bank.is_told(tokens["access_token"])
        ming.opens(bank.url(scope="openid realname"), follow=False)
        again = bank.redeems(ming.arrived["code"]).json
        assert "real_name" not in bank.is_told(again["access_token"])
