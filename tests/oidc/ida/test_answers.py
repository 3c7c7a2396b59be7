"""What is told as verified claims: what was asked, what fits, and nothing else (IDA §5.7)."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import orjson
import pytest
import time_machine

from idp import settings, standing
from idp.assurance import METHODS
from idp.oidc.ida.answering import EVIDENCE, ORGANIZATIONS
from idp.realname.verifiers import VERIFIERS
from idp.store.types import now
from tests.engines import pairs
from tests.oidc.actors import (
    EVERYTHING,
    NAME,
    NUMBER,
    STATUTE,
    Person,
    Portal,
    proven,
    registered,
)
from tests.oidc.ida import schemas
from tests.oidc.ida.conftest import Hears, asking
from tests.realname.conftest import tables

FRAMEWORK = {"trust_framework": "cn_realname"}
FACE = {"method": "face", "verifier": "tencent_face", "reference": "f-1", "ial": 3}
HALL = {"method": "hall", "verifier": "hall", "reference": "h-1", "ial": 4}
RECORD = {"type": {"value": "electronic_record"}}
DOCUMENT = {"type": {"value": "document"}}
CHECKED = {"check_method": None, "organization": None, "check_id": None, "time": None}


def parameter(request: Any, *members: str) -> str:
    return orjson.dumps({member: {"verified_claims": request} for member in members}).decode()


class TestClaims:
    def test_a_name_comes_with_its_framework_and_nothing_that_was_not_asked(
        self, hears: Hears
    ) -> None:
        assert hears(asking()) == {"verification": FRAMEWORK, "claims": {"name": NAME}}

    def test_everything_the_document_says_can_be_asked(self, hears: Hears) -> None:
        told = hears(asking(dict.fromkeys(("name", "birthdate", "gender", "id_type", "id_number"))))

        assert told["claims"] == {
            "name": NAME,
            "birthdate": "1990-03-07",
            "gender": "male",
            "id_type": "resident_id",
            "id_number": NUMBER,
        }

    @pytest.mark.parametrize("how", [None, {}, {"essential": False}, {"essential": True}])
    def test_essential_or_not_makes_no_difference(self, hears: Hears, how: Any) -> None:
        assert hears(asking({"name": how}))["claims"] == {"name": NAME}

    @pytest.mark.parametrize("unknown", ["shoe_size", "given_name", 'a"b\\c/$ü', "verified_claims"])
    def test_an_unknown_claim_is_left_out_however_essential(
        self, hears: Hears, unknown: str
    ) -> None:
        told = hears(asking({"name": None, unknown: {"essential": True}}))

        assert told["claims"] == {"name": NAME}

    def test_where_nothing_is_left_the_whole_is_left_out(self, hears: Hears) -> None:
        assert hears(asking({"shoe_size": None})) is None
        assert hears({"verification": {"trust_framework": None}, "claims": None}) is None

    def test_a_claim_of_another_value_is_left_out(self, hears: Hears) -> None:
        told = hears(asking({"name": {"value": "李红"}, "birthdate": {"values": ["1990-03-07"]}}))

        assert told["claims"] == {"birthdate": "1990-03-07"}
        assert hears(asking({"name": {"value": "李红"}})) is None
        assert hears(asking({"name": {"values": ["李红", NAME]}}))["claims"] == {"name": NAME}

    def test_a_document_that_says_no_birthdate_tells_none(
        self, hears: Hears, people: Callable[..., Person]
    ) -> None:
        anna = proven(people("anna"), "ANNA", "EK1234567", kind="passport")

        told = hears(asking({"name": None, "birthdate": None, "gender": None}), anna)

        assert told["claims"] == {"name": "ANNA"}

    def test_who_has_proved_nothing_has_nothing_verified(
        self, hears: Hears, people: Callable[..., Person]
    ) -> None:
        assert hears(asking(), people("nobody")) is None


class TestVerification:
    def test_level_and_time_are_told_when_asked(self, hears: Hears) -> None:
        told = hears(asking(assurance_level=None, time=None))["verification"]

        assert told["assurance_level"] == "ial2"
        assert told["time"].endswith("Z")
        assert set(told) == {"trust_framework", "assurance_level", "time"}

    @pytest.mark.parametrize(
        "met",
        [
            {"trust_framework": {"value": "cn_realname"}},
            {"trust_framework": {"values": ["eidas", "cn_realname"]}},
            {"assurance_level": {"values": ["ial2", "ial3", "ial4"]}},
            {"time": {"max_age": 60}},
            {"assurance_process": {"policy": {"value": "any"}}, "verification_process": None},
        ],
    )
    def test_what_is_met_or_unknown_takes_nothing_away(
        self, hears: Hears, met: dict[str, Any]
    ) -> None:
        told = hears(asking(**met))

        assert told["claims"] == {"name": NAME}
        assert set(told["verification"]) <= set(met) | {"trust_framework"}
        assert "assurance_process" not in told["verification"]

    @pytest.mark.parametrize(
        "unmet",
        [
            {"trust_framework": {"value": "eidas"}},
            {"trust_framework": {"values": ["eidas", "de_aml"]}},
            {"assurance_level": {"value": "ial3"}},
            {"evidence": [DOCUMENT]},
            {"evidence": [{"type": {"value": "vouch"}}]},
            {"evidence": [RECORD | {"record": {"type": {"value": "bank_account"}}}]},
            {"evidence": [RECORD | {"check_details": [{"check_method": {"value": "bvr"}}]}]},
            {
                "evidence": [
                    RECORD
                    | {"check_details": [{"check_method": None, "organization": {"value": "x"}}]}
                ]
            },
        ],
    )
    def test_what_is_not_met_takes_the_whole_away_and_is_no_error(
        self, hears: Hears, unmet: dict[str, Any]
    ) -> None:
        assert hears(asking(**unmet)) is None

    def test_a_verification_that_grows_too_old_is_gone_from_then_on(
        self, ming: Person, notary: Portal
    ) -> None:
        claims = parameter(asking(time={"max_age": 60}), "userinfo")
        token = notary.tokens_for(ming, claims=claims)["access_token"]
        assert "verified_claims" in notary.is_told(token)

        with time_machine.travel(time.time() + 120, tick=True):
            assert "verified_claims" not in notary.is_told(token)

    def test_evidence_that_runs_out_takes_its_level_along(
        self, wang: Person, notary: Portal
    ) -> None:
        proven(proven(wang), **FACE, lasts_until=now() + timedelta(minutes=1))
        claims = parameter(asking(assurance_level=None), "userinfo")
        token = notary.tokens_for(wang, claims=claims)["access_token"]

        def level() -> str:
            return notary.is_told(token)["verified_claims"]["verification"]["assurance_level"]

        assert level() == "ial3"
        with time_machine.travel(time.time() + 70, tick=True):
            assert level() == "ial2"


class TestEvidence:
    def test_a_register_is_an_electronic_record_checked_by_its_data(self, hears: Hears) -> None:
        wanted = RECORD | {"check_details": [CHECKED], "record": {"type": None}}

        (told,) = hears(asking(evidence=[wanted]))["verification"]["evidence"]

        time_ = told["check_details"][0].pop("time")
        assert time_.endswith("Z")
        assert told == {
            "type": "electronic_record",
            "check_details": [
                {"check_method": "data", "organization": "Tencent Cloud", "check_id": "ref-1"}
            ],
            "record": {"type": "population_register"},
        }

    def test_the_hall_is_a_document_checked_in_person(
        self, hears: Hears, people: Callable[..., Person]
    ) -> None:
        chen = proven(people("chen"), "陈一", "110000199003070028", **HALL)
        wanted = DOCUMENT | {
            "check_details": [{"check_method": {"value": "pvp"}, "check_id": None}],
            "document_details": {"type": {"values": ["idcard", "passport"]}, "serial_number": None},
        }

        told = hears(asking(assurance_level=None, evidence=[wanted]), chen)["verification"]

        assert told["assurance_level"] == "ial4"
        assert told["evidence"] == [
            {
                "type": "document",
                "check_details": [{"check_method": "pvp", "check_id": "h-1"}],
                "document_details": {"type": "idcard"},
            }
        ]

    def test_only_what_was_asked_of_it_is_told(self, hears: Hears) -> None:
        assert hears(asking(evidence=[{"type": {}}]))["verification"]["evidence"] == [
            {"type": "electronic_record"}
        ]

    def test_filters_choose_among_several_and_one_that_fits_is_enough(
        self, ming: Person, hears: Hears
    ) -> None:
        proven(ming, **FACE)
        by_face = RECORD | {"check_details": [{"check_method": {"value": "bvr"}, "check_id": None}]}

        (one,) = hears(asking(evidence=[by_face]))["verification"]["evidence"]
        both = hears(asking(evidence=[DOCUMENT, by_face, RECORD]))["verification"]["evidence"]

        assert one["check_details"] == [{"check_method": "bvr", "check_id": "f-1"}]
        assert both == [one, {"type": "electronic_record"}]

    def test_of_several_wanted_checks_the_first_that_fits_is_told(self, hears: Hears) -> None:
        checks = [{"check_method": {"value": "bvr"}}, {"check_method": {"values": ["data"]}}]

        (told,) = hears(asking(evidence=[RECORD | {"check_details": checks}]))["verification"][
            "evidence"
        ]

        assert told["check_details"] == [{"check_method": "data"}]

    def test_a_verification_repeated_is_told_once(self, ming: Person, hears: Hears) -> None:
        proven(ming, reference="ref-2")
        wanted = RECORD | {"check_details": [{"check_method": None, "check_id": None}]}

        told = hears(asking(evidence=[wanted]))["verification"]["evidence"]

        assert [each["check_details"][0]["check_id"] for each in told] == ["ref-2"]

    def test_every_way_to_a_level_says_what_evidence_it_is(self) -> None:
        assert {method for method, ial in METHODS.items() if ial > 1} == set(EVIDENCE)
        assert set(ORGANIZATIONS) == set(VERIFIERS)


class TestSeveral:
    def test_each_is_answered_by_itself_in_a_list(self, hears: Hears) -> None:
        told = hears(
            [
                asking(),
                asking(assurance_level={"value": "ial4"}),
                asking({"birthdate": None}, assurance_level={"value": "ial2"}),
            ]
        )

        assert told == [
            {"verification": FRAMEWORK, "claims": {"name": NAME}},
            {
                "verification": FRAMEWORK | {"assurance_level": "ial2"},
                "claims": {"birthdate": "1990-03-07"},
            },
        ]

    def test_none_that_fits_is_no_list(self, hears: Hears) -> None:
        assert hears([asking(trust_framework={"value": "eidas"})]) is None
        assert hears([]) is None


class TestPlaces:
    def test_what_is_asked_for_the_id_token_is_told_there_alone(
        self, ming: Person, notary: Portal
    ) -> None:
        tokens = notary.tokens_for(ming, claims=parameter(asking(), "id_token"))

        claims = notary.reads(tokens["id_token"])
        schemas.check(claims, "verified_claims.json")
        assert claims["verified_claims"]["claims"] == {"name": NAME}
        assert "verified_claims" not in notary.is_told(tokens["access_token"])
        again = notary.reads(notary.refreshes(tokens["refresh_token"]).json["id_token"])
        assert again["verified_claims"] == claims["verified_claims"]

    def test_each_place_hears_what_was_asked_for_it(self, ming: Person, notary: Portal) -> None:
        asked = {
            "id_token": {"verified_claims": asking({"gender": None}), "real_name": None},
            "userinfo": {"verified_claims": asking({"birthdate": None})},
        }

        tokens = notary.tokens_for(ming, claims=orjson.dumps(asked).decode())

        in_token = notary.reads(tokens["id_token"])
        assert in_token["verified_claims"]["claims"] == {"gender": "male"}
        assert "real_name" not in in_token, "its scope is not registered"
        by_userinfo = notary.is_told(tokens["access_token"])
        assert by_userinfo["verified_claims"]["claims"] == {"birthdate": "1990-03-07"}

    def test_the_number_never_stands_in_an_id_token(self, ming: Person, notary: Portal) -> None:
        request = asking({"name": None, "id_number": {"essential": True}, "id_type": None})

        tokens = notary.tokens_for(ming, claims=parameter(request, "id_token"))

        told = notary.reads(tokens["id_token"])["verified_claims"]
        assert told["claims"] == {"name": NAME}
        only = asking({"id_number": None})
        tokens = notary.tokens_for(ming, claims=parameter(only, "id_token"))
        assert "verified_claims" not in notary.reads(tokens["id_token"])

    def test_an_answer_that_is_not_encrypted_has_no_number(
        self, app: flask.Flask, ming: Person, hears: Hears
    ) -> None:
        plain = registered(app, "plain", sensitive_claims=["real_name"])

        told = hears(asking({"name": None, "id_number": None}), portal=plain)

        assert told["claims"] == {"name": NAME}


class TestWhoIsTold:
    def test_what_nobody_approved_is_left_out(
        self, app: flask.Flask, ming: Person, hears: Hears
    ) -> None:
        bar = registered(app, "bar", sensitive_claims=["verified_birthdate"])
        eager = registered(app, "eager")
        everything = asking(dict.fromkeys(("name", "birthdate", "gender", "id_number")))

        assert hears(everything, portal=bar)["claims"] == {"birthdate": "1990-03-07"}
        assert hears(everything, portal=eager) is None

    def test_an_approval_taken_back_holds_at_once(
        self, app: flask.Flask, ming: Person, notary: Portal
    ) -> None:
        token = notary.tokens_for(ming, claims=parameter(asking(), "userinfo"))["access_token"]
        with app.app_context():
            standing.change_client("notary", {"sensitive_claims": ["id_number"]})

        assert "verified_claims" not in notary.is_told(token)

    def test_the_person_is_asked_and_sees_it_masked(self, ming: Person, notary: Portal) -> None:
        wanted = asking(dict.fromkeys(("name", "birthdate", "gender", "id_number")))
        ming.opens(notary.url(claims=parameter(wanted, "userinfo"))).signs_in()

        assert ming.page.request.path == "/consent/"
        for shown in ("王*明", "1990-**-**", "男", "1100**********001X", "实名"):
            assert shown in ming.page.text
        for hidden in (NAME, "1990-03-07", NUMBER):
            assert hidden not in ming.page.text

    def test_the_person_may_refuse(self, ming: Person, notary: Portal) -> None:
        ming.opens(notary.url(claims=parameter(asking(), "userinfo"))).signs_in()
        ming.presses("consent-deny")

        assert ming.arrived["error"] == "access_denied"

    def test_a_yes_to_the_name_alone_covers_no_birthdate(
        self, ming: Person, notary: Portal
    ) -> None:
        notary.tokens_for(ming, claims=parameter(asking(), "userinfo"))

        ming.opens(notary.url(claims=parameter(asking(), "id_token")), follow=False)
        assert "code" in ming.arrived, "the name is remembered, wherever it goes"
        more = parameter(asking({"birthdate": None}), "userinfo")
        ming.opens(notary.url(claims=more, prompt="none"), follow=False)
        assert ming.arrived["error"] == "consent_required"

    def test_the_number_is_asked_for_each_time_here_too(self, ming: Person, notary: Portal) -> None:
        claims = parameter(asking({"id_number": None}), "userinfo")
        tokens = notary.tokens_for(ming, claims=claims, scope="openid offline_access")
        told = notary.is_told(tokens["access_token"])["verified_claims"]["claims"]
        assert told == {"id_number": NUMBER}

        ming.opens(notary.url(claims=claims, prompt="none"), follow=False)
        assert ming.arrived["error"] == "consent_required"
        again = notary.refreshes(tokens["refresh_token"]).json
        assert "verified_claims" not in notary.is_told(again["access_token"])

    def test_a_statutory_portal_is_told_what_its_registration_lists(
        self, app: flask.Flask, hears: Hears
    ) -> None:
        basis = {"legal_basis": "statutory", "statute": STATUTE, "scope": EVERYTHING}
        approved = {"sensitive_claims": ["real_name", "verified_birthdate"]}
        listed = registered(
            app, "listed", **basis, **approved, claims=["real_name", "verified_claims"]
        )
        bare = registered(app, "bare", **basis, **approved, claims=["real_name"])
        wanted = asking({"name": None, "birthdate": None})

        assert hears(wanted, portal=listed)["claims"] == {"name": NAME}
        assert hears(wanted, portal=bare) is None

    def test_withdrawing_ends_it(self, ming: Person, notary: Portal) -> None:
        token = notary.tokens_for(ming, claims=parameter(asking(), "userinfo"))["access_token"]
        ming.opens("/account/portals").follows("withdraw-notary").presses("withdraw-yes")

        assert notary.userinfo(token).status_code == 401

    def test_nobody_hears_of_another_person(
        self, hears: Hears, people: Callable[..., Person]
    ) -> None:
        li = proven(people("lihong"), "李红", "110000199003070028")

        assert hears(asking(), li)["claims"] == {"name": "李红"}
        assert hears(asking())["claims"] == {"name": NAME}

    def test_a_displaced_holder_has_nothing_verified_any_more(
        self, ming: Person, people: Callable[..., Person], hears: Hears, notary: Portal
    ) -> None:
        token = notary.tokens_for(ming, claims=parameter(asking(), "userinfo"))["access_token"]

        proven(people("lihong"), **FACE)

        assert notary.userinfo(token).status_code == 401
        assert hears(asking()) is None


class TestByScope:
    SCOPE = "openid verified_claims"

    @pytest.fixture
    def bank(self, app: flask.Flask) -> Portal:
        """Approved for the name alone, and not to be told any number."""
        scope = f"{EVERYTHING} verified_claims"
        return registered(app, "bank", scope=scope, sensitive_claims=["real_name"])

    def test_it_stands_for_who_it_is_how_sure_and_since_when(
        self, app: flask.Flask, ming: Person
    ) -> None:
        approved = ["real_name", "verified_birthdate"]
        both = registered(app, "both", scope=self.SCOPE, sensitive_claims=approved)

        tokens = both.tokens_for(ming, scope=self.SCOPE)

        told = both.is_told(tokens["access_token"])["verified_claims"]
        schemas.check({"verified_claims": told}, "verified_claims.json")
        assert told["claims"] == {"name": NAME, "birthdate": "1990-03-07"}
        assert told["verification"].keys() == {"trust_framework", "assurance_level", "time"}
        assert "verified_claims" not in both.reads(tokens["id_token"])

    def test_no_more_is_told_than_the_client_is_approved_for(
        self, ming: Person, bank: Portal
    ) -> None:
        tokens = bank.tokens_for(ming, scope=self.SCOPE)

        assert bank.is_told(tokens["access_token"])["verified_claims"]["claims"] == {"name": NAME}

    def test_the_person_is_asked_for_what_it_stands_for(self, ming: Person, bank: Portal) -> None:
        ming.opens(bank.url(scope=self.SCOPE)).signs_in()

        assert ming.page.request.path == "/consent/"
        assert "真实姓名" in ming.page.text

    def test_the_claims_parameter_says_it_more_closely(self, ming: Person, bank: Portal) -> None:
        wanted = parameter(asking(assurance_level={"value": "ial4"}), "userinfo")

        tokens = bank.tokens_for(ming, scope=self.SCOPE, claims=wanted)

        assert "verified_claims" not in bank.is_told(tokens["access_token"])

    def test_a_refresh_without_the_scope_is_told_nothing_of_it(
        self, ming: Person, bank: Portal
    ) -> None:
        tokens = bank.tokens_for(ming, scope=self.SCOPE)
        again = bank.refreshes(tokens["refresh_token"]).json
        assert "verified_claims" in bank.is_told(again["access_token"])

        narrow = bank.refreshes(again["refresh_token"], scope="openid").json

        assert "verified_claims" not in bank.is_told(narrow["access_token"])

    def test_a_client_approved_for_none_of_it_is_refused(
        self, app: flask.Flask, ming: Person
    ) -> None:
        plain = registered(app, "plain", scope=f"{EVERYTHING} verified_claims")

        ming.opens(plain.url(scope=self.SCOPE), follow=False)

        assert ming.arrived["error"] == "invalid_scope"


class TestDiscovery:
    @pytest.fixture
    def configured(self, engines: pairs.Engines, registers: flask.Flask) -> settings.Settings:
        """A node that asks a register, and looks at faces."""
        asked = tables(registers, verifiers=("aliyun_register", "tencent_face"))
        return settings.load(environment="testing", realname=asked, **engines.settings)

    @pytest.fixture
    def metadata(self, client: Any) -> dict[str, Any]:
        return client.get("/.well-known/openid-configuration").json

    def test_what_is_on_offer_is_said(self, metadata: dict[str, Any]) -> None:
        assert metadata["verified_claims_supported"] is True
        assert metadata["claims_parameter_supported"] is True
        assert metadata["trust_frameworks_supported"] == ["cn_realname"]
        assert metadata["evidence_supported"] == ["electronic_record", "document"]
        assert metadata["electronic_records_supported"] == ["population_register"]
        assert {"idcard", "passport"} <= set(metadata["documents_supported"])
        assert "network_credential" not in metadata["documents_supported"], "nobody shows it"
        assert metadata["claims_supported"].count("verified_claims") == 1
        assert "verified_claims" in metadata["scopes_supported"]

    def test_no_more_is_told_than_is_said_there(
        self, ming: Person, metadata: dict[str, Any], hears: Hears
    ) -> None:
        proven(ming, **FACE)
        claims = metadata["claims_in_verified_claims_supported"]
        wanted = {"type": {}, "check_details": [CHECKED], "record": {"type": None}}

        told = hears(asking(dict.fromkeys(claims), evidence=[wanted]))

        assert set(told["claims"]) == set(claims)
        for each in told["verification"]["evidence"]:
            assert each["type"] in metadata["evidence_supported"]
            assert each["record"]["type"] in metadata["electronic_records_supported"]


def test_a_node_that_asks_no_register_offers_what_the_hall_sees(client: Any) -> None:
    metadata = client.get("/.well-known/openid-configuration").json

    assert metadata["evidence_supported"] == ["document"]
    assert metadata["documents_check_methods_supported"] == ["pvp"]
    assert "electronic_records_supported" not in metadata, "an empty list is left out"
