"""The answer to a request for verified claims: no more than was asked, and what fits (§5.7).

A constraint on the verification that is not met takes the whole element away, one on a claim
takes that claim; what would then be incomplete goes too. Nothing of this is an error.
"""

from datetime import UTC, datetime
from typing import Any

from idp import assurance
from idp.oidc.ida.asking import CLAIMS, Request
from idp.realname import documents
from idp.verified import Check, Verified

FRAMEWORK: str = assurance.TABLE["trust_framework"]["name"]
EVIDENCE: dict[str, dict[str, str]] = assurance.TABLE["evidence"]
"""By way of verifying: type of evidence, type of record, method of the check."""
ORGANIZATIONS: dict[str, str] = assurance.TABLE["organizations"]

Answer = dict[str, Any] | list[dict[str, Any]]
Constraint = dict[str, Any] | None


def answer(request: Request, person: Verified, moment: float) -> Answer | None:
    """None where nothing that was asked can be told."""
    if isinstance(request, list):
        found = [_element(asked, person, moment) for asked in request]
        return [each for each in found if each is not None] or None
    return _element(request, person, moment)


def document_type(kind: str) -> str:
    return str(documents.TABLE.get(kind, {}).get("codes", {}).get("ida", kind))


def _element(asked: dict[str, Any], person: Verified, moment: float) -> dict[str, Any] | None:
    verification = _verification(asked["verification"], person, moment)
    claims = _claims(asked["claims"], person.claims(moment))
    if verification is None or not claims:
        return None
    return {"verification": verification, "claims": claims}


def _claims(asked: dict[str, Constraint], known: dict[str, str]) -> dict[str, str]:
    found = {claim: known[CLAIMS[claim]] for claim in asked if CLAIMS[claim] in known}
    return {claim: value for claim, value in found.items() if _fits(asked[claim], value)}


def _verification(asked: dict[str, Any], person: Verified, moment: float) -> dict[str, Any] | None:
    standing = person.standing(moment)
    if not standing:
        return None
    best = standing[0]
    said: dict[str, Any] = {"trust_framework": FRAMEWORK, "assurance_level": f"ial{best.ial}"}
    stated = {name: value for name, value in said.items() if name in asked}
    if not all(_fits(asked[name], value) for name, value in stated.items()):
        return None
    if "time" in asked:
        if not _recent(asked["time"], best.at, moment):
            return None
        stated["time"] = _when(best.at)
    if "evidence" in asked:
        found = [_evidence(asked["evidence"], check, person.kind, moment) for check in standing]
        stated["evidence"] = [each for each in found if each is not None]
        if not stated["evidence"]:
            return None
    return stated


def _evidence(
    asked: list[dict[str, Any]], check: Check, kind: str, moment: float
) -> dict[str, Any] | None:
    """A verification as the first filter that fits wants to see it."""
    for template in asked:
        found = _filled(template, check, kind, moment) if check.method in EVIDENCE else None
        if found is not None:
            return found
    return None


def _filled(
    template: dict[str, Any], check: Check, kind: str, moment: float
) -> dict[str, Any] | None:
    row = EVIDENCE[check.method]
    if not _fits(template["type"], row["type"]):
        return None
    found: dict[str, Any] = {"type": row["type"]}
    if "check_details" in template:
        details = (_details(each, check, moment) for each in template["check_details"])
        detail = next((each for each in details if each is not None), None)
        if detail is None:
            return None
        found["check_details"] = [detail]
    member = "record" if "record" in row else "document_details"
    if member in template:
        of_what = row.get("record") or document_type(kind)
        if not _fits(template[member].get("type"), of_what):
            return None
        found[member] = {"type": of_what}
    return found


def _details(asked: dict[str, Any], check: Check, moment: float) -> dict[str, str] | None:
    known = {
        "check_method": EVIDENCE[check.method]["check_method"],
        "organization": ORGANIZATIONS.get(check.verifier, check.verifier),
        "check_id": check.reference,
    }
    found = {name: value for name, value in known.items() if name in asked}
    if not all(_fits(asked[name], value) for name, value in found.items()):
        return None
    if "time" in asked:
        if not _recent(asked["time"], check.at, moment):
            return None
        found["time"] = _when(check.at)
    return {name: value for name, value in found.items() if value}


def _fits(constraint: Constraint, value: str) -> bool:
    if not constraint:
        return True
    if "value" in constraint and value != constraint["value"]:
        return False
    return value in constraint.get("values", [value])


def _recent(constraint: Constraint, at: int, moment: float) -> bool:
    return not constraint or moment - at <= constraint.get("max_age", float("inf"))


def _when(at: int) -> str:
    """In UTC, so that it does not say where somebody was (§9)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
