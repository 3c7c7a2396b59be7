"""The federation endpoints: parameters in, signed answers out, or one of the errors of §8.9."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from idp.federation import signed
from idp.federation.chains import TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, Unreachable
from idp.federation.signed import Typ
from idp.keys import FEDERATION
from idp.oidc.federation import registering
from idp.oidc.http import Response, json_response
from idp.services import services
from idp.store import past_keys, subordinates, trust_marks
from idp.store.past_keys import PastKey
from idp.trust.giving import MarkUnknown
from idp.trust.linking import TooMany

Asked = Mapping[str, Sequence[str]]
"""Parameters with all their values: some may be repeated."""
_RESOLVED_FOR = 3600
_SHOWN_FOR = 300
"""Seconds an answer may be kept by whoever asked, at most."""
_FILTERS = ("entity_type", "trust_marked", "trust_mark_type", "intermediate")


class Refused(Exception):
    """An error of the federation; the description is fixed ASCII."""

    def __init__(self, error: str, status: int, description: str):
        super().__init__(error)
        self.response = json_response({"error": error, "error_description": description}, status)


def configuration(_asked: Asked) -> Response:
    """§9."""
    return _jwt(services.trust.configuration(), Typ.ENTITY_STATEMENT)


def fetch(asked: Asked) -> Response:
    """§8.1: what this node states of one of those below it."""
    subject = _one(asked, "sub")
    if subject == services.trust.own.entity_id:
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, "This is my own identifier")
    row = subordinates.get(subject) if len(subject) <= subordinates.LONGEST else None
    if row is None or row.status != subordinates.ACTIVE:
        raise Refused("not_found", HTTPStatus.NOT_FOUND, "Not vouched for here")
    return _jwt(services.trust.own.statement_about(row), Typ.ENTITY_STATEMENT)


def list_(asked: Asked) -> Response:
    """§8.2: those immediately below this node."""
    for name in asked:
        if name not in _FILTERS:
            continue
        if name != "entity_type" and len(asked[name]) > 1:
            raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, "A filter is repeated")
    marked = _marked(asked)
    wanted = set(asked.get("entity_type", ()))
    above = _flag(asked, "intermediate")
    found = [
        row.entity_id
        for row in subordinates.all_of(subordinates.ACTIVE)
        if wanted <= {*row.entity_types, *([FEDERATION_ENTITY] if row.intermediate else [])}
        and (above is None or row.intermediate is above)
        and (marked is None or row.entity_id in marked)
    ]
    return json_response(found)


def resolve(asked: Asked) -> Response:
    """§8.3: what all superiors together make of an entity's metadata, with the proof."""
    subject, anchors = _one(asked, "sub"), asked.get("trust_anchor", ())
    if not anchors:
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, "trust_anchor is missing")
    if not set(anchors) & services.trust.anchors().keys():
        raise Refused("invalid_trust_anchor", HTTPStatus.NOT_FOUND, "Not an anchor of mine")
    chain = _chain(subject)
    if chain.anchor.entity_id not in anchors:
        raise Refused("invalid_trust_anchor", HTTPStatus.NOT_FOUND, "No chain to that anchor")
    wanted = asked.get("entity_type", ())
    marks = services.trust.marks(chain)
    moment = time.time()
    ends = [chain.expires, moment + _RESOLVED_FOR, *(each.mark.lifetime.ends for each in marks)]
    claims = {
        "iss": services.trust.own.entity_id,
        "sub": chain.subject,
        "iat": int(moment),
        "exp": int(min(ends)),
        "metadata": {
            name: value for name, value in chain.metadata.items() if not wanted or name in wanted
        },
        "trust_chain": [one.token for one in chain.statements],
        "trust_marks": [
            {"trust_mark_type": each.mark.type, "trust_mark": each.mark.signed.token}
            for each in marks
        ],
    }
    return _signed(claims, Typ.RESOLVE_RESPONSE)


def trust_mark(asked: Asked) -> Response:
    """§8.6: a mark this node gave, signed anew."""
    try:
        token = services.trust.given.token(_one(asked, "trust_mark_type"), _one(asked, "sub"))
    except MarkUnknown:
        raise Refused("not_found", HTTPStatus.NOT_FOUND, "It bears no such mark") from None
    return _jwt(token, Typ.TRUST_MARK)


def trust_mark_status(asked: Asked) -> Response:
    """§8.4: whether a mark still holds; 404 for one this node never gave."""
    try:
        answer = services.trust.given.status_response(_one(asked, "trust_mark"))
    except FederationError:
        raise Refused("not_found", HTTPStatus.NOT_FOUND, "Not a mark of mine") from None
    return _jwt(answer, Typ.TRUST_MARK_STATUS)


def trust_marked(asked: Asked) -> Response:
    """§8.5: who bears a mark of this node's."""
    subject = asked.get("sub", ("",))[0]
    return json_response(trust_marks.bearers(_one(asked, "trust_mark_type"), subject))


def linking(asked: Asked) -> Response:
    """Not of the specification: handles of a person, each for one destination alone."""
    if not services.settings.federation.links:
        raise Refused("not_found", HTTPStatus.NOT_FOUND, "Not the linking service")
    try:
        made = services.linking.answer(_one(asked, "letter"), _limited)
    except TooMany:
        status = HTTPStatus.TOO_MANY_REQUESTS
        raise Refused("temporarily_unavailable", status, "Too many questions") from None
    except Unreachable as error:
        if error.transient:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            raise Refused("temporarily_unavailable", status, "A node is away") from None
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, "Not believed") from None
    except FederationError:
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, "Not believed") from None
    return json_response({"letters": made})


def historical_keys(_asked: Asked) -> Response:
    """§8.7: federation keys of former times."""
    claims = {
        "iss": services.trust.own.entity_id,
        "iat": int(time.time()),
        "keys": [_past(each) for each in past_keys.all_keys()],
    }
    return _signed(claims, Typ.JWK_SET)


def _past(key: PastKey) -> dict[str, Any]:
    begun = int(key.signed_from.timestamp())
    ended = max(begun + 1, int(key.ended_at.timestamp()))
    found = {**key.public, "iat": begun, "exp": ended}
    if key.reason == past_keys.COMPROMISED:
        found["revoked"] = {"revoked_at": ended, "reason": key.reason}
    return found


def _limited() -> None:
    """Strangers make us ask the world only so often."""
    try:
        registering.count_stranger()
    except registering.TooManyStrangers:
        status = HTTPStatus.TOO_MANY_REQUESTS
        raise Refused("temporarily_unavailable", status, "Too many unknown entities") from None


def _chain(subject: str) -> TrustChain:
    if not services.trust.knows(subject):
        _limited()
    try:
        return services.trust.chain(subject)
    except Unreachable as error:
        if error.transient:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            refused = Refused("temporarily_unavailable", status, "A superior does not answer")
            refused.response = refused.response.plus(("Retry-After", "60"))
            raise refused from None
        raise Refused("not_found", HTTPStatus.NOT_FOUND, "Not vouched for") from None
    except FederationError:
        status = HTTPStatus.BAD_REQUEST
        raise Refused("invalid_trust_chain", status, "No valid chain to an anchor") from None


def _marked(asked: Asked) -> set[str] | None:
    """Those with a mark, or with any; None where nobody asked."""
    type_ = asked.get("trust_mark_type", ("",))[0]
    if type_:
        return set(trust_marks.bearers(type_))
    wants = _flag(asked, "trust_marked")
    if wants is None:
        return None
    if not wants:
        raise Refused("unsupported_parameter", HTTPStatus.BAD_REQUEST, "Only trust_marked=true")
    return set(trust_marks.bearers(""))


def _flag(asked: Asked, name: str) -> bool | None:
    value = asked.get(name, ("",))[0]
    if value not in {"", "true", "false"}:
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, f"{name} is true or false")
    return value == "true" if value else None


def _one(asked: Asked, name: str) -> str:
    values = asked.get(name, ())
    if len(values) != 1 or not values[0]:
        raise Refused("invalid_request", HTTPStatus.BAD_REQUEST, f"{name} is needed, once")
    return values[0]


def _signed(claims: Mapping[str, Any], typ: Typ) -> Response:
    return _jwt(signed.sign(claims, typ, services.keys.signer(FEDERATION)), typ)


def _jwt(token: str, typ: Typ) -> Response:
    """With how long it may be kept, which ends long before it does."""
    kept = ("Cache-Control", f"public, max-age={_SHOWN_FOR}")
    return Response(HTTPStatus.OK, token.encode(), (("Content-Type", f"application/{typ}"), kept))
