"""A receiver's own stream: made, read, changed, stopped and taken away (SSF 1.0 §8.1)."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from idp.outbound import Outbound, OutboundRefused
from idp.signals import sets, telling
from idp.store import streams, throttles
from idp.store.engines import db
from idp.store.streams import POLL, PUSH, Stream
from idp.store.throttles import Counter

STREAMS, STATUS = "/ssf/streams", "/ssf/status"
ADD, REMOVE = "/ssf/subjects/add", "/ssf/subjects/remove"
VERIFY, POLLED = "/ssf/verify", "/ssf/poll"
AGAIN = timedelta(seconds=5)
"""How soon a receiver may ask for another verification."""
_CHANGES, _WITHIN = 60, timedelta(minutes=10)
_GIVEN_BY_US = ("iss", "aud", "events_supported", "events_delivered", "min_verification_interval")
_STATES = (streams.ENABLED, streams.PAUSED, streams.DISABLED)
_MOST_POLLED = 100
_LONGEST = 1024
_MOST_TYPES = 64


class Refused(Exception):
    """What a receiver asks for cannot be; the description is fixed ASCII."""

    def __init__(self, status: HTTPStatus, description: str):
        super().__init__(description)
        self.status, self.description = status, description


def metadata(issuer: str) -> dict[str, Any]:
    """The transmitter's configuration (§7.1)."""
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks.json",
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": issuer + STREAMS,
        "status_endpoint": issuer + STATUS,
        "add_subject_endpoint": issuer + ADD,
        "remove_subject_endpoint": issuer + REMOVE,
        "verification_endpoint": issuer + VERIFY,
        "critical_subject_members": ["user", "session"],
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }


def described(stream: Stream, issuer: str) -> dict[str, Any]:
    """A stream's configuration, as its receiver is shown it (§8.1.1)."""
    delivery = {"method": stream.delivery, "endpoint_url": stream.endpoint_url}
    if stream.delivery == POLL:
        delivery["endpoint_url"] = f"{issuer}{POLLED}/{stream.id}"
    if stream.authorization:
        delivery["authorization_header"] = stream.authorization
    found = {
        "stream_id": stream.id,
        "iss": issuer,
        "aud": stream.client_id,
        "delivery": delivery,
        "events_supported": sets.supported(issuer),
        "events_delivered": telling.events_of(stream, issuer),
        "min_verification_interval": int(AGAIN.total_seconds()),
    }
    optional = {"events_requested": stream.requested, "description": stream.description}
    return found | {name: value for name, value in optional.items() if value}


def create(client_id: str, asked: Mapping[str, Any], outbound: Outbound) -> Stream:
    """§8.1.1.1; commits. Raises Refused."""
    stream = Stream(client_id=client_id, delivery=POLL)
    _set(stream, asked, outbound)
    if not streams.add(stream):
        raise Refused(HTTPStatus.CONFLICT, "There is a stream already")
    db.session.commit()
    return stream


def all_of(client_id: str) -> list[Stream]:
    found = streams.of_client(client_id)
    return [found] if found else []


def one(client_id: str, stream_id: str) -> Stream:
    """A receiver's own. Raises Refused for any other, whether or not it exists."""
    found = streams.of_client(client_id)
    if found is None or found.id != stream_id:
        raise Refused(HTTPStatus.NOT_FOUND, "No such stream")
    return found


def change(stream: Stream, asked: Mapping[str, Any], outbound: Outbound, issuer: str) -> Stream:
    """Set what is named, and leave the rest (§8.1.1.3); commits. Raises Refused."""
    shown = described(stream, issuer)
    if any(name in asked and asked[name] != shown[name] for name in _GIVEN_BY_US):
        raise Refused(HTTPStatus.BAD_REQUEST, "A member of ours cannot be set")
    _count_change(stream)
    before = stream.delivery
    _set(stream, asked, outbound)
    if before == POLL and stream.delivery == PUSH:
        telling.catch_up(stream)
    db.session.commit()
    return stream


def replace(stream: Stream, asked: Mapping[str, Any], outbound: Outbound, issuer: str) -> Stream:
    """What is not named goes back to what it is without (§8.1.1.4); commits. Raises Refused."""
    defaults: dict[str, Any] = {"delivery": {"method": POLL}, "events_requested": []}
    return change(stream, {**defaults, "description": "", **asked}, outbound, issuer)


def remove(stream: Stream) -> None:
    streams.remove(stream)
    db.session.commit()


def set_status(stream: Stream, asked: Mapping[str, Any]) -> dict[str, Any]:
    """§8.1.2.2; commits. Raises Refused."""
    status, reason = asked.get("status"), asked.get("reason", "")
    if status not in _STATES or not isinstance(reason, str) or len(reason) > _LONGEST:
        raise Refused(HTTPStatus.BAD_REQUEST, "status or reason")
    _count_change(stream)
    changed = stream.status != status
    stream.status, stream.reason = status, reason
    if status == streams.DISABLED:
        streams.drop_all(stream)
    if changed and status == streams.ENABLED and stream.delivery == PUSH:
        telling.catch_up(stream)
    db.session.commit()
    return status_of(stream)


def status_of(stream: Stream) -> dict[str, Any]:
    found = {"stream_id": stream.id, "status": stream.status}
    return found | ({"reason": stream.reason} if stream.reason else {})


def choose(stream: Stream, asked: Mapping[str, Any], issuer: str, *, wanted: bool) -> None:
    """Hear of somebody, or no more (§8.1.3); commits. Nobody learns here who exists: what is well
    formed is taken. Raises Refused.
    """
    subject = asked.get("subject")
    if not isinstance(subject, dict) or not isinstance(subject.get("format"), str):
        raise Refused(HTTPStatus.BAD_REQUEST, "subject")
    sub = subject.get("sub")
    if subject["format"] != "iss_sub" or subject.get("iss") != issuer:
        return  # by other names no receiver knows anybody of ours
    if not isinstance(sub, str) or not 0 < len(sub) <= _LONGEST:
        raise Refused(HTTPStatus.BAD_REQUEST, "subject")
    (streams.unsilence if wanted else streams.silence)(stream, sub[:64])
    db.session.commit()


def verify(stream: Stream, asked: Mapping[str, Any], issuer: str) -> None:
    """Send an event with the receiver's own words back (§8.1.4.2); commits. Raises Refused."""
    state = asked.get("state", "")
    if not isinstance(state, str) or len(state) > _LONGEST:
        raise Refused(HTTPStatus.BAD_REQUEST, "state")
    counter = Counter.of(stream.id, "ssf-verify", 1, AGAIN)
    if throttles.take([counter]).refused_by is not None:
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too soon after the last one")
    telling.verify(stream, issuer, state)
    db.session.commit()


def take(stream: Stream, asked: Mapping[str, Any]) -> tuple[list[streams.StreamEvent], bool]:
    """What waits, after what the receiver says it has (RFC 8936 §2.4), and whether there is more.
    Commits. Raises Refused.
    """
    if stream.delivery != POLL:
        raise Refused(HTTPStatus.BAD_REQUEST, "The stream is pushed")
    acked, failed, most = asked.get("ack", []), asked.get("setErrs", {}), asked.get("maxEvents")
    if not isinstance(acked, list) or not isinstance(failed, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "ack or setErrs")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
        raise Refused(HTTPStatus.BAD_REQUEST, "maxEvents")
    streams.settle(stream, [each for each in acked if isinstance(each, str)][:_LONGEST], "taken")
    for jti, said in list(failed.items())[:_LONGEST]:
        err = said.get("err", "") if isinstance(said, dict) else ""
        streams.settle(stream, [jti], f"refused: {str(err)[:64]}")
    db.session.commit()
    limit = _MOST_POLLED if most is None else min(most, _MOST_POLLED)
    if stream.status != streams.ENABLED:
        return [], False
    found = [*streams.waiting(stream, limit + 1)]
    return found[:limit], len(found) > limit


def _count_change(stream: Stream) -> None:
    """Each may have all that waits sent anew. Raises Refused."""
    counter = Counter.of(stream.id, "ssf-change", _CHANGES, _WITHIN)
    if throttles.take([counter]).refused_by is not None:
        raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many changes of the stream")


def _set(stream: Stream, asked: Mapping[str, Any], outbound: Outbound) -> None:
    """What a receiver may say of its stream. Raises Refused before anything is changed."""
    delivery = _delivery(asked["delivery"], outbound) if "delivery" in asked else None
    types, text = asked.get("events_requested", []), asked.get("description", "")
    if not isinstance(types, list) or len(types) > _MOST_TYPES:
        raise Refused(HTTPStatus.BAD_REQUEST, "events_requested")
    if not all(isinstance(each, str) and len(each) <= _LONGEST for each in types):
        raise Refused(HTTPStatus.BAD_REQUEST, "events_requested")
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise Refused(HTTPStatus.BAD_REQUEST, "description")
    if delivery is not None:
        stream.delivery, stream.endpoint_url, stream.authorization = delivery
    if "events_requested" in asked:
        stream.requested = types
    if "description" in asked:
        stream.description = text


def _delivery(asked: Any, outbound: Outbound) -> tuple[str, str, str | None]:
    if not isinstance(asked, dict) or asked.get("method") not in {PUSH, POLL}:
        raise Refused(HTTPStatus.BAD_REQUEST, "delivery")
    if asked["method"] == POLL:
        return POLL, "", None
    url, header = asked.get("endpoint_url"), asked.get("authorization_header")
    if not isinstance(url, str) or not 0 < len(url) <= _LONGEST:
        raise Refused(HTTPStatus.BAD_REQUEST, "delivery.endpoint_url")
    if header is not None and not _is_header(header):
        raise Refused(HTTPStatus.BAD_REQUEST, "delivery.authorization_header")
    try:
        outbound.check_foreign(url)
    except OutboundRefused:
        raise Refused(HTTPStatus.BAD_REQUEST, "delivery.endpoint_url") from None
    return PUSH, url, header


def _is_header(value: object) -> bool:
    """One line of plain letters: what is written into a request of ours."""
    return (
        isinstance(value, str)
        and len(value) <= _LONGEST
        and value.isprintable()
        and (value.isascii())
    )
