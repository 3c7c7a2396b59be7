"""What the worker does so that others go on trusting this node: fresh marks, keys vouched for."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import structlog

from idp.federation import trust_marks
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, InvalidTrustMark, Unreachable
from idp.keys import FEDERATION, SigningKeys
from idp.outbound import Outbound
from idp.settings import Federation, Mark
from idp.store import trust_marks as store
from idp.store.types import now
from idp.trust import documents
from idp.trust.service import Trust

_TYPE = "application/trust-mark+jwt"
_log = structlog.get_logger("idp.trust")


def refresh_marks(trust: Trust, outbound: Outbound, settings: Federation) -> int:
    """Have marks signed again that are a third through their life; how many were."""
    held = {mark.type: mark for mark in store.held()}
    done = 0
    for wanted in settings.marks:
        found = held.get(wanted.type)
        if found is not None and found.issuer == wanted.issuer and not _old(found):
            continue
        done += _refresh(trust, outbound, wanted)
    for type_ in held.keys() - {wanted.type for wanted in settings.marks}:
        store.drop(type_)
    if done:
        trust.forget()
    return done


def unvouched(trust: Trust, keys: SigningKeys, settings: Federation) -> dict[str, list[str]]:
    """Federation keys of ours that a superior does not name, by superior: they must not sign.

    Raises FederationError where a superior cannot be asked.
    """
    ours = [view.kid for view in keys.views() if view.lane == FEDERATION]
    chain = trust.chain(trust.own.entity_id)
    found = {}
    for one in chain.statements:
        missing = [kid for kid in ours if kid not in one.keys.by_kid]
        if one.sub == chain.subject and one.iss in settings.superiors and missing:
            found[str(one.iss)] = missing
    return found


def _old(mark: store.HeldMark) -> bool:
    if mark.expires_at is None:
        return False
    return now() > mark.fetched_at + (mark.expires_at - mark.fetched_at) / 3


def _refresh(trust: Trust, outbound: Outbound, wanted: Mark) -> int:
    try:
        token = _ask(trust, outbound, wanted)
        mark = trust_marks.parse(token, rules=trust.rules)
        if (mark.sub, mark.type, mark.iss) != (trust.own.entity_id, wanted.type, wanted.issuer):
            raise InvalidTrustMark("another")
    except FederationError as error:
        _log.warning("trust mark not renewed", mark=wanted.type, reason=str(error))
        if isinstance(error, Unreachable) and not error.transient:
            store.drop(wanted.type)
            trust.forget()
        return 0
    exp = mark.claims.get("exp")
    store.hold(wanted.type, wanted.issuer, token, datetime.fromtimestamp(exp, UTC) if exp else None)
    return 1


def _ask(trust: Trust, outbound: Outbound, wanted: Mark) -> str:
    subject = trust.own.entity_id
    if wanted.issuer == subject:
        return trust.given.token(wanted.type, subject)
    entity = trust.chain(wanted.issuer).metadata.get(FEDERATION_ENTITY, {})
    endpoint = entity.get("federation_trust_mark_endpoint")
    if not isinstance(endpoint, str):
        raise InvalidTrustMark("mark-endpoint", wanted.issuer)
    asked = urlencode({"trust_mark_type": wanted.type, "sub": subject})
    return documents.fetch(outbound, f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}", _TYPE)
