"""What a request for verified claims may look like; a wrong one is an error, not an omission."""

from typing import Any

import orjson
import pytest

from idp.oidc.ida import asking as form
from tests.oidc.actors import Person, Portal
from tests.oidc.ida import schemas
from tests.oidc.ida.conftest import asking

CHECKED = {"check_method": None}
RECORD = {"type": {"value": "electronic_record"}}

MALFORMED: dict[str, Any] = {
    "null": None,
    "a text": "name",
    "a list of something else": ["name"],
    "nothing": {},
    "no claims": {"verification": {"trust_framework": None}},
    "no verification": {"claims": {"name": None}},
    "verification null": {"verification": None, "claims": {"name": None}},
    "no trust framework": {"verification": {}, "claims": {"name": None}},
    "claims empty": asking({}),
    "claims a list": asking(["name"]),
    "a claim that is a text": asking({"name": "王小明"}),
    "a claim that is true": asking({"name": True}),
    "essential a text": asking({"name": {"essential": "yes"}}),
    "a framework that is a text": asking(trust_framework="cn_realname"),
    "a framework that is a number": asking(trust_framework={"value": 1}),
    "no values": asking(trust_framework={"values": []}),
    "values a text": asking(assurance_level={"values": "ial2"}),
    "max_age a text": asking(time={"max_age": "60"}),
    "max_age negative": asking(time={"max_age": -1}),
    "max_age broken": asking(time={"max_age": 1.5}),
    "no evidence": asking(evidence=[]),
    "evidence an object": asking(evidence=RECORD),
    "evidence without a type": asking(evidence=[{"check_details": [CHECKED]}]),
    "a type null": asking(evidence=[{"type": None}]),
    "no checks": asking(evidence=[RECORD | {"check_details": []}]),
    "a check without a method": asking(
        evidence=[RECORD | {"check_details": [{"organization": None}]}]
    ),
    "a check of a strange age": asking(
        evidence=[RECORD | {"check_details": [CHECKED | {"time": {"max_age": -1}}]}]
    ),
    "a record null": asking(evidence=[RECORD | {"record": None}]),
    "one of several": [asking(), asking({})],
}
WELL_FORMED: dict[str, Any] = {
    "by value": asking({"name": {"value": "王小明", "essential": True}}),
    "by values": asking({"name": {"values": ["王小明", "李红"]}}),
    "empty objects": asking({"name": {}}, trust_framework={}, time={}),
    "all claims null": {"verification": {"trust_framework": None}, "claims": None},
    "unknown claims": asking({"name": None, "shoe_size": {"essential": True}, "a/b$ü": None}),
    "unknown verification": asking(assurance_process={"policy": None}, verification_process=None),
    "a document": asking(
        evidence=[
            {
                "type": {"value": "document"},
                "check_details": [CHECKED | {"time": {"max_age": 60}, "check_id": None}],
                "document_details": {"type": {"values": ["idcard"]}, "document_number": None},
            }
        ]
    ),
    "several": [asking(), asking({"birthdate": None}, assurance_level={"value": "ial3"})],
    "none of several": [],
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_refused_as_the_schema_refuses_it(request_: Any) -> None:
    for member in ("userinfo", "id_token"):
        with pytest.raises(schemas.Invalid):
            schemas.check({member: {"verified_claims": request_}}, "verified_claims_request.json")
    with pytest.raises(ValueError, match=r"."):
        form.check(request_)


@pytest.mark.parametrize("request_", WELL_FORMED.values(), ids=WELL_FORMED.keys())
def test_a_well_formed_one_passes_as_it_passes_the_schema(request_: Any) -> None:
    schemas.check({"userinfo": {"verified_claims": request_}}, "verified_claims_request.json")
    form.check(request_)


@pytest.mark.parametrize("member", ["userinfo", "id_token"])
def test_the_portal_hears_of_a_malformed_one(ming: Person, notary: Portal, member: str) -> None:
    claims = orjson.dumps({member: {"verified_claims": asking({})}}).decode()

    ming.opens(notary.url(claims=claims), follow=False)

    assert ming.arrived["error"] == "invalid_request"
    assert ming.arrived["error_description"].isascii()
