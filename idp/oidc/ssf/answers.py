"""The endpoints of a transmitter (SSF 1.0 §8.1, RFC 8936): values in, answers out.

A receiver is a client with an access token of its own, for no person, and has one stream.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from idp.oidc import access
from idp.oidc.http import NO_STORE, Response, json_response
from idp.services import services
from idp.signals import managing, pushing
from idp.signals.managing import Refused
from idp.store.clients import LISTEN, MANAGE
from idp.store.streams import Stream


class Call(NamedTuple):
    """A request of a receiver, known by its token."""

    client_id: str
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def stream(self, name: str = "") -> Stream:
        """The stream it names. Raises Refused."""
        named = name or self.query.get("stream_id") or self.body.get("stream_id")
        if not isinstance(named, str):
            raise Refused(HTTPStatus.BAD_REQUEST, "stream_id is missing")
        return managing.one(self.client_id, named)


class Unauthorized(Exception):
    """No access token that is good for this; the answer says which it takes (RFC 6750 §3)."""

    def __init__(self, status: HTTPStatus, error: str, scope: str):
        super().__init__(error)
        given = f', error="{error}"' if error else ""
        challenge = f'Bearer realm="ssf", scope="{scope}"{given}'
        body = {"err": "authentication_failed", "description": error or "A token is missing"}
        if status == HTTPStatus.FORBIDDEN:
            body["err"] = "access_denied"
        self.response = json_response(body, status, ("WWW-Authenticate", challenge))


def receiver(authorization: str, scopes: frozenset[str]) -> str:
    """The client whose token this is. Raises Unauthorized."""
    wanted = " ".join(sorted(scopes))
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized(HTTPStatus.UNAUTHORIZED, "", wanted)
    found = access.read(token.strip())
    if found is None or found.family is not None:  # a person's token says nothing of a receiver
        raise Unauthorized(HTTPStatus.UNAUTHORIZED, "invalid_token", wanted)
    if scopes.isdisjoint(found.scope.split()):
        raise Unauthorized(HTTPStatus.FORBIDDEN, "insufficient_scope", wanted)
    return found.client_id


def refusal(refused: Refused) -> Response:
    err = "access_denied" if refused.status == HTTPStatus.CONFLICT else "invalid_request"
    return json_response({"err": err, "description": refused.description}, refused.status)


def metadata() -> Response:
    return json_response(managing.metadata(services.settings.issuer))


def create(call: Call) -> Response:
    made = managing.create(call.client_id, call.body, services.outbound)
    return json_response(_shown(made), HTTPStatus.CREATED)


def read(call: Call) -> Response:
    """One, or all there are of the receiver's: one at most."""
    if "stream_id" in call.query:
        return json_response(_shown(call.stream()))
    return json_response([_shown(each) for each in managing.all_of(call.client_id)])


def change(call: Call) -> Response:
    issuer = services.settings.issuer
    return json_response(
        _shown(managing.change(call.stream(), call.body, services.outbound, issuer))
    )


def replace(call: Call) -> Response:
    issuer = services.settings.issuer
    return json_response(
        _shown(managing.replace(call.stream(), call.body, services.outbound, issuer))
    )


def remove(call: Call) -> Response:
    managing.remove(call.stream())
    return Response(HTTPStatus.NO_CONTENT, b"", NO_STORE)


def status(call: Call) -> Response:
    return json_response(managing.status_of(call.stream()))


def set_status(call: Call) -> Response:
    return json_response(managing.set_status(call.stream(), call.body))


def add_subject(call: Call) -> Response:
    managing.choose(call.stream(), call.body, services.settings.issuer, wanted=True)
    return json_response({})


def remove_subject(call: Call) -> Response:
    managing.choose(call.stream(), call.body, services.settings.issuer, wanted=False)
    return Response(HTTPStatus.NO_CONTENT, b"", NO_STORE)


def verify(call: Call) -> Response:
    managing.verify(call.stream(), call.body, services.settings.issuer)
    return Response(HTTPStatus.NO_CONTENT, b"", NO_STORE)


def poll(call: Call, stream_id: str) -> Response:
    """What waits is answered at once: no thread of ours waits with a receiver for more to come."""
    stream = call.stream(stream_id)
    waiting, more = managing.take(stream, call.body)
    issuer, keys = services.settings.issuer, services.keys
    found = {each.id: pushing.token_of(each, stream, issuer, keys) for each in waiting}
    return json_response({"sets": found, **({"moreAvailable": True} if more else {})})


def body_of(raw: bytes) -> Mapping[str, Any]:
    """Raises Refused."""
    if not raw:
        return {}
    try:
        found = orjson.loads(raw)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not an object")
    return found


def _shown(stream: Stream) -> dict[str, Any]:
    return managing.described(stream, services.settings.issuer)


class Way(NamedTuple):
    path: str
    method: str
    answer: Callable[[Call], Response]
    scopes: frozenset[str] = frozenset({MANAGE})


WAYS = (
    Way(managing.STREAMS, "POST", create),
    Way(managing.STREAMS, "GET", read, LISTEN),
    Way(managing.STREAMS, "PATCH", change),
    Way(managing.STREAMS, "PUT", replace),
    Way(managing.STREAMS, "DELETE", remove),
    Way(managing.STATUS, "GET", status, LISTEN),
    Way(managing.STATUS, "POST", set_status),
    Way(managing.ADD, "POST", add_subject),
    Way(managing.REMOVE, "POST", remove_subject),
    Way(managing.VERIFY, "POST", verify),
)
