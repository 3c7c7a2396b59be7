"""Pushing an event to its receiver (RFC 8935)."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson

from idp.keys import ALGORITHMS, SigningKeys
from idp.outbound import Answer, OutboundFailed, OutboundRefused
from idp.signals import sets, telling
from idp.signals.logout import Means, Undelivered
from idp.store import clients, streams
from idp.store.engines import db
from idp.store.streams import Stream, StreamEvent
from idp.store.types import now

KEEP = timedelta(days=7)
"""For so long an event is tried again; a receiver takes none that is older."""


def deliver(payload: dict[str, Any], means: Means) -> str:
    """Push the event ``{event}`` and say what was answered; raises Undelivered."""
    found = streams.get(payload["event"])
    if found is None or found[0].settled_at is not None:
        return "no longer wanted"
    event, stream = found
    held = stream.status == streams.PAUSED and event.type != sets.STREAM_UPDATED
    if held or stream.delivery != streams.PUSH:
        return f"held: {stream.status}"
    if over := _over(event, stream):
        streams.settle(stream, [event.id], over)
        return over
    token = token_of(event, stream, means.issuer, means.keys)
    url, header = stream.endpoint_url, _header(stream)
    db.session.rollback()  # a receiver may take its time; the connection is others' meanwhile
    try:
        answer = means.outbound.foreign_post(
            url, token.encode(), content_type=sets.MEDIA_TYPE, headers=header
        )
    except (OutboundRefused, OutboundFailed) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from None
    if answer.status not in {HTTPStatus.ACCEPTED, HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        raise Undelivered(_refusal(answer))
    streams.settle(stream, [payload["event"]], f"HTTP {answer.status}")
    return f"HTTP {answer.status}"


def _over(event: StreamEvent, stream: Stream) -> str:
    """Why it is sent no more; "" where it is."""
    client = clients.look_up(stream.client_id)
    if client is None or not client.active:
        return "the receiver was stopped"
    return "too old" if event.at < now() - KEEP else ""


def token_of(event: StreamEvent, stream: Stream, issuer: str, keys: SigningKeys) -> str:
    """Signed as its receiver has its ID tokens signed, where that is an algorithm for events."""
    client = clients.look_up(stream.client_id)
    alg = client.id_token_signed_response_alg if client else ""
    alg = alg if alg in ALGORITHMS else "ES256"
    return sets.signed(telling.claims(event, stream, issuer), alg, keys.signer(alg))


def _header(stream: Stream) -> dict[str, str]:
    found = {"Accept": "application/json"}
    return found | ({"Authorization": stream.authorization} if stream.authorization else {})


def _refusal(answer: Answer) -> str:
    """A receiver says why (RFC 8935 §2.4): for the record of the try, no more."""
    try:
        said = orjson.loads(answer.body)
        err = str(said.get("err", ""))[:64]
    except (ValueError, AttributeError):
        err = ""
    return f"HTTP {answer.status} {err}".strip()
