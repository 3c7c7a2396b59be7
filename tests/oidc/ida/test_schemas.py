"""The checker itself: what the published schemas refuse, it refuses."""

from typing import Any

import pytest

from tests.oidc.ida import schemas
from tests.oidc.ida.schemas import Invalid

EVIDENCE = {
    "type": "electronic_record",
    "check_details": [{"check_method": "data", "time": "2026-11-22T08:00:00Z"}],
    "record": {"type": "population_register"},
}


def answer(evidence: Any = EVIDENCE, **changes: Any) -> dict[str, Any]:
    verification = {"trust_framework": "cn_realname", "evidence": [evidence]}
    element = {"verification": verification, "claims": {"name": "王小明"}} | changes
    return {"sub": "s", "verified_claims": element}


def test_an_answer_as_it_should_be_passes() -> None:
    schemas.check(answer(), "verified_claims.json")


@pytest.mark.parametrize(
    "wrong",
    [
        answer(claims=None),
        answer(claims={"birthdate": "1990-3-7"}),
        answer(claims={"gender": 1}),
        answer(verification={"assurance_level": "ial2"}),
        answer(verification={"trust_framework": "x", "time": "yesterday"}),
        answer(verification={"trust_framework": "x", "evidence": []}),
        answer(more="than belongs here"),
        answer({"type": "rumour"}),
        answer({}),
        answer(EVIDENCE | {"record": {}}),
        answer(EVIDENCE | {"check_details": [{"organization": "x"}]}),
        answer(EVIDENCE | {"check_details": [{"check_method": "data", "txn": "x"}]}),
        answer({"type": "document", "document_details": {"number": "1"}}),
    ],
)
def test_one_that_is_wrong_anywhere_does_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        schemas.check(wrong, "verified_claims.json")
