"""Which nodes sign people in for others: by the word of who marks them, and their own chains."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode

import orjson
import structlog

from idp.federation.chains import TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, InvalidAnswer, Unreachable
from idp.outbound import Outbound, OutboundFailed, OutboundRefused
from idp.store import peers as store
from idp.store import subordinates, trust_marks
from idp.store.peers import Peer
from idp.trust import kinds
from idp.trust.errors import Unmarked
from idp.trust.service import Trust

_CODE = re.compile(r"[0-9]{6}")
PROVIDER = "openid_provider"
_MOST = 1000
"""Nodes of one anchor that are looked at; there are 34 provinces and some 400 cities."""
_log = structlog.get_logger("idp.trust")


def refresh(trust: Trust, outbound: Outbound) -> int:
    """Write down who there is; how many. Whom an anchor that is away named before stays."""
    found = {peer.entity_id: peer for peer in _looked_at(trust, _below(trust))}
    for anchor in trust.anchors():
        try:
            listed = _bearers(trust, outbound, anchor)
        except FederationError as error:
            _log.warning("directory not renewed", anchor=anchor, reason=str(error))
            return 0
        found |= {peer.entity_id: peer for peer in _looked_at(trust, listed, kinds.GATEWAY)}
    store.replace_all(found.values())
    return len(found)


def _below(trust: Trust) -> list[str]:
    """Those this node vouches for itself, as a province does for its cities (分建)."""
    if not trust.vouches:
        return []
    rows = subordinates.all_of(subordinates.ACTIVE)
    return [row.entity_id for row in rows if PROVIDER in row.entity_types]


def _bearers(trust: Trust, outbound: Outbound, anchor: str) -> list[str]:
    """Who bears the gateway's mark, by the word of who gives it (§8.5)."""
    type_ = kinds.of(anchor, kinds.GATEWAY)
    if anchor == trust.own.entity_id:
        return trust_marks.bearers(type_)
    entity = trust.chain(anchor).metadata.get(FEDERATION_ENTITY, {})
    endpoint = entity.get("federation_trust_mark_list_endpoint")
    if not isinstance(endpoint, str):
        return []
    joint = "&" if "?" in endpoint else "?"
    try:
        answer = outbound.foreign_get(f"{endpoint}{joint}{urlencode({'trust_mark_type': type_})}")
    except (OutboundRefused, OutboundFailed) as error:
        raise Unreachable("failed", str(error)) from None
    if answer.status != HTTPStatus.OK:
        raise Unreachable(f"HTTP {answer.status}", endpoint)
    try:
        listed = orjson.loads(answer.body)
    except ValueError as error:
        raise InvalidAnswer("list", endpoint) from error
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise InvalidAnswer("list", endpoint)
    return listed[:_MOST]


def _looked_at(trust: Trust, listed: list[str], mark: str = "") -> Iterator[Peer]:
    """Each as its own chain has it; a list alone makes nobody trusted."""
    for entity in listed:
        if entity == trust.own.entity_id:
            continue
        try:
            chain = _bearing(trust, entity, mark) if mark else trust.chain(entity)
        except FederationError as error:
            _log.warning("peer left out", entity=entity, reason=str(error))
            continue
        if PROVIDER in chain.metadata:
            yield Peer(entity_id=entity, name=_name(chain), region=_region(chain))


def _bearing(trust: Trust, entity: str, mark: str) -> TrustChain:
    """Its chain. Where what it said last shows no such mark, it is asked again: whoever gave it
    the mark has said so later. Raises FederationError.
    """
    chain = trust.chain(entity)
    try:
        trust.require(chain, mark)
    except Unmarked:
        chain = trust.chain(entity, fresh=True)
        trust.require(chain, mark)
    return chain


def _name(chain: TrustChain) -> str:
    entity = chain.metadata.get(FEDERATION_ENTITY, {})
    found = entity.get("display_name") or entity.get("organization_name")
    return found[:255] if isinstance(found, str) and found else chain.subject


def _region(chain: TrustChain) -> str:
    found = chain.metadata.get(FEDERATION_ENTITY, {}).get(kinds.REGION)
    return found if isinstance(found, str) and _CODE.fullmatch(found) else ""
