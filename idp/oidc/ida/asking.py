"""A request for verified claims: whether it has the published form, and what it asks for (§5.3).

Members that are unknown are left alone, here and in the answer; only a wrong form is refused.
"""

from collections.abc import Collection, Iterable
from typing import Any

CLAIMS = {
    "name": "real_name",
    "birthdate": "verified_birthdate",
    "gender": "verified_gender",
    "id_type": "id_type",
    "id_number": "id_number",
}
"""By claim, the name it is approved, consented to and kept by."""

WHOLE = "verified_claims"
"""The name by which the rest is consented to: level, time and evidence."""

Request = dict[str, Any] | list[dict[str, Any]]

OF_THE_SCOPE: Request = {
    "verification": {"trust_framework": None, "assurance_level": None, "time": None},
    "claims": {"name": None, "birthdate": None},
}
"""What the scope of the same name stands for: who it is, how sure that is, and since when."""


def check(request: Any) -> None:
    """Raises ValueError for what is not a request (verified_claims_request.json)."""
    for element in request if isinstance(request, list) else [request]:
        _object(element, ("verification", "claims"))
        _verification(element["verification"])
        _claims(element["claims"])


def names(request: Request | None) -> frozenset[str]:
    """What the client must be approved for and the person agree to, by our names."""
    asked = {CLAIMS[claim] for each in _elements(request) for claim in _known(each["claims"])}
    return frozenset({*asked, WHOLE} if asked else ())


def allowed(request: Request | None, may: Collection[str]) -> Request | None:
    """``request`` without the claims of other names; None where nothing is left to ask."""
    kept = [_narrowed(each, may) for each in _elements(request)]
    left = [each for each in kept if each["claims"]]
    if isinstance(request, list):
        return left or None
    return left[0] if left else None


def _elements(request: Request | None) -> list[dict[str, Any]]:
    if request is None:
        return []
    return request if isinstance(request, list) else [request]


def _known(claims: dict[str, Any] | None) -> Iterable[str]:
    return [claim for claim in claims or {} if claim in CLAIMS]


def _narrowed(element: dict[str, Any], may: Collection[str]) -> dict[str, Any]:
    asked = element["claims"]
    claims = {claim: asked[claim] for claim in _known(asked) if CLAIMS[claim] in may}
    return {"verification": element["verification"], "claims": claims}


def _verification(asked: Any) -> None:
    _object(asked, ("trust_framework",))
    _constrained(asked["trust_framework"])
    _constrained(asked.get("assurance_level"))
    _dated(asked.get("time"))
    if "evidence" in asked:
        for each in _list(asked["evidence"]):
            _evidence(each)


def _claims(asked: Any) -> None:
    """Null asks for nothing: nobody is told more than they name."""
    if asked is None:
        return
    _object(asked)
    if not asked:
        raise ValueError("no claims")
    for constraint in asked.values():
        _simple(constraint)
        if constraint and not isinstance(constraint.get("values", []), list):
            raise ValueError("values are not a list")


def _evidence(asked: Any) -> None:
    _object(asked, ("type",))
    _object(asked["type"])
    _constrained(asked["type"])
    if "check_details" in asked:
        for each in _list(asked["check_details"]):
            _object(each, ("check_method",))
            for name in ("check_method", "organization", "check_id"):
                _constrained(each.get(name))
            _dated(each.get("time"))
    for name in ("record", "document_details"):
        if name in asked:
            _object(asked[name])
            _constrained(asked[name].get("type"))


def _object(found: Any, members: Iterable[str] = ()) -> None:
    if not isinstance(found, dict) or any(name not in found for name in members):
        raise ValueError("not an object with the members it needs")


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list) or not found:
        raise ValueError("not a list of something")
    return found


def _simple(constraint: Any) -> None:
    if constraint is None:
        return
    _object(constraint)
    if not isinstance(constraint.get("essential", False), bool):
        raise ValueError("essential is neither true nor false")


def _constrained(constraint: Any) -> None:
    _simple(constraint)
    given = constraint or {}
    values = [given["value"]] if "value" in given else []
    values += _list(given["values"]) if "values" in given else []
    if not all(isinstance(value, str) for value in values):
        raise ValueError("a value that is not a text")


def _dated(constraint: Any) -> None:
    _simple(constraint)
    age = (constraint or {}).get("max_age", 0)
    if not isinstance(age, int) or isinstance(age, bool) or age < 0:
        raise ValueError("max_age is not a number of seconds")
