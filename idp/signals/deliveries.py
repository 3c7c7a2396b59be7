"""Delivering the outbox: every kind of message, its tries and its record.

A handler does the work, or raises Undelivered to be tried again later. It may run more
than once for one message, so each is harmless to repeat.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import flask
import structlog

from idp import closing, consents, identities, notices, recoveries, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.federation.errors import FederationError
from idp.signals import logout, pushing, telling
from idp.signals.logout import Means, Undelivered
from idp.store import clients, outbox
from idp.store.engines import db
from idp.store.failures import ENGINE_FAILURES

LEASE = timedelta(seconds=30)
BACKOFF = tuple(timedelta(seconds=s) for s in (2, 5, 15, 60, 300, 900, 3600, 3600, 3600, 3600))
"""How long to wait after each failed try; after the last one we give up, and say so."""
BATCH = 50
THREADS = 8
LOGOUT = "backchannel-logout"
FOREIGN = frozenset({LOGOUT, identities.LEARN, telling.PUSH})
"""What waits for others: few at a time, so that they hold up no cut of ours."""
MAY_BE_LOST = frozenset({LOGOUT, notices.KIND})
"""A portal may be gone for good; an end that was promised is tried until it holds."""
_log = structlog.get_logger("idp.signals")


def _cut_sessions(payload: dict[str, Any], _means: Means) -> str:
    sessions.cut(payload["refs"], keep_offline=payload["keep_offline"])
    return "cut"


def _end_sessions(payload: dict[str, Any], _means: Means) -> str:
    sessions.bring_about(sessions.Ending(**payload))
    return "ended"


def _cut_client(payload: dict[str, Any], _means: Means) -> str:
    consents.cut(**payload)
    return "cut"


_NOT_NOW: tuple[type[Exception], ...] = (Undelivered, *ENGINE_FAILURES)


def _close_account(payload: dict[str, Any], _means: Means) -> str:
    return "closed" if closing.close_if_due(payload["account"]) else "not due, or not frozen"


def _erase_account(payload: dict[str, Any], _means: Means) -> str:
    return "erased" if closing.erase_if_due(payload["account"]) else "not due, or taken back"


def _remind_of_closing(payload: dict[str, Any], _means: Means) -> str:
    return "told" if closing.remind(payload["account"]) else "not closing, or not yet"


def _cut_claims(payload: dict[str, Any], _means: Means) -> str:
    sessions.cut_claims(payload["account"])
    return "cut"


def _notify(payload: dict[str, Any], means: Means) -> str:
    params = notices.params_of(payload)
    sent = means.notify(notices.number_of(payload), payload["template"], params)
    notices.settle(payload, sent=sent)
    return "queued" if sent else "not sent: no template, or the number has had enough today"


def _remind_of_recovery(payload: dict[str, Any], _means: Means) -> str:
    return "told" if recoveries.remind(payload["recovery"]) else "over, or not yet"


def _learn_handle(payload: dict[str, Any], means: Means) -> str:
    try:
        return means.learn(payload["account"])
    except FederationError as error:
        raise Undelivered(str(error)) from None


def _pass_on(payload: dict[str, Any], means: Means) -> str:
    return telling.expand(payload, means.issuer)


def _publish_clients(_payload: dict[str, Any], _means: Means) -> str:
    clients.publish_epoch(clients.sql_epoch())
    return "published"


Handler = Callable[[dict[str, Any], Means], str]

HANDLERS: dict[str, Handler] = {
    "session-cut": _cut_sessions,
    "sessions-end": _end_sessions,
    "client-cut": _cut_client,
    "claims-cut": _cut_claims,
    "account-close": _close_account,
    closing.ERASE: _erase_account,
    closing.REMIND: _remind_of_closing,
    notices.KIND: _notify,
    recoveries.REMIND: _remind_of_recovery,
    "clients-changed": _publish_clients,
    identities.LEARN: _learn_handle,
    LOGOUT: logout.deliver,
    audit.PASS_ON: _pass_on,
    telling.PUSH: pushing.deliver,
}


def deliver_due() -> int:
    """Deliver what is due; returns how many messages were tried. Slow ones hold up nobody."""
    ours = outbox.claim_due(BATCH, LEASE, but=FOREIGN)
    theirs = outbox.claim_due(2 * THREADS, LEASE, only=FOREIGN)
    ids = [message.id for message in (*ours, *theirs)]
    db.session.rollback()  # the threads need every connection, and the keys, before they begin
    if not ids:
        return 0
    flask.current_app.extensions["idp"].keys.prepare()
    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    with ThreadPoolExecutor(min(THREADS, len(ids))) as pool:
        list(pool.map(lambda message_id: _deliver_in(app, message_id), ids))
    return len(ids)


def _deliver_in(app: flask.Flask, message_id: str) -> None:
    with app.app_context():
        message = db.session.get(outbox.OutboxMessage, message_id)
        if message is not None and message.state == outbox.WAITING:
            _deliver(message)


def _deliver(message: outbox.OutboxMessage) -> None:
    try:
        outcome = HANDLERS[message.kind](message.payload, _means())
    except _NOT_NOW as error:
        _failed(message, str(error) or type(error).__name__)
        return
    except Exception as error:  # a bug, or a later release's kind: it comes later and later
        _log.error("bug in a delivery", kind=message.kind, exc_info=error)
        _failed(message, type(error).__name__)
        return
    _note(message, delivered=True)
    outbox.settle(message, outcome, state=outbox.DONE, due_in=timedelta(0))


def _means() -> Means:
    given = flask.current_app.extensions["idp"]
    return Means(
        given.settings.issuer,
        given.keys,
        given.outbound,
        given.sms.send_notice,
        given.linking.learn,
    )


def _failed(message: outbox.OutboxMessage, outcome: str) -> None:
    db.session.rollback()
    _log.warning("undelivered", kind=message.kind, tries=message.tries, outcome=outcome)
    if message.tries <= len(BACKOFF) or message.kind not in MAY_BE_LOST:
        wait = BACKOFF[min(message.tries, len(BACKOFF)) - 1]
        outbox.settle(message, outcome, state=outbox.WAITING, due_in=wait)
        return
    _note(message, delivered=False)
    outbox.settle(message, outcome, state=outbox.GIVEN_UP, due_in=timedelta(0))


def _note(message: outbox.OutboxMessage, *, delivered: bool) -> None:
    if message.kind != LOGOUT:
        return
    kind = events.LogoutDelivered if delivered else events.LogoutUndelivered
    client_id = message.payload["client_id"]
    audit.record(kind(client_id=client_id, session=message.payload["sid"], tries=message.tries))
