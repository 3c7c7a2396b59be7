"""The trust marks an entity shows, with what their issuers say of them now (§7, §8.4)."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from idp.assurance import Level
from idp.federation import answers, trust_marks
from idp.federation.chains import TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, InvalidTrustMark, Unreachable
from idp.federation.trust_marks import Shown, Status, TrustMark
from idp.outbound import Outbound, OutboundFailed, OutboundRefused
from idp.settings import Federation
from idp.store import statements
from idp.store.types import now
from idp.trust import documents, kinds

if TYPE_CHECKING:
    from idp.trust.service import Trust

STATUS_ENDPOINT = "federation_trust_mark_status_endpoint"
_STATUS = "application/trust-mark-status-response+jwt"
_MOST = 32
"""Marks of one entity that are looked at."""
_HIGH = 3
"""The identity level from which a mark needs a younger word of its issuer's."""
_log = structlog.get_logger("idp.trust")


@dataclass(frozen=True, slots=True)
class Seen:
    name: str
    """The kind, by ``kinds.NAMES``; the whole type where it is none of ours."""
    mark: TrustMark
    confirmed: float
    """When its issuer last said that it holds."""


def ceiling_of(marks: Iterable[Seen], settings: Federation) -> Level:
    """The highest of each scale; one whose issuer was not heard of for long stands for less."""
    moment, found = time.time(), {"ial": kinds.LOWEST.ial, "aal": kinds.LOWEST.aal}
    for each in marks:
        level = kinds.level(each.name)
        if level is None:
            continue
        scale, height = level
        if scale == "ial" and moment - each.confirmed > settings.status_life_high.total_seconds():
            height = min(height, _HIGH - 1)
        found[scale] = max(found[scale], height)
    return Level(found["ial"], found["aal"])


def place(endpoint: str, token: str) -> str:
    """Under which address an issuer's word of a mark is kept."""
    return f"{endpoint}#{token}"


def capped(level: Level, own: str) -> Level:
    """Under this node's own word of an entity: ``ial2``, or both scales."""
    if not own:
        return level
    limit = Level.parse(own if "." in own else f"{own}.aal3") or kinds.LOWEST
    return Level(min(level.ial, limit.ial), min(level.aal, limit.aal))


@dataclass(frozen=True, slots=True)
class Marks:
    """Looks at marks; what issuers said is kept, for when they do not answer."""

    trust: "Trust"
    outbound: Outbound
    settings: Federation
    away: documents.Away

    def of(self, chain: TrustChain) -> tuple[Seen, ...]:
        """Those that count: of a type the anchor knows, by who may give it, not taken back."""
        return tuple(self._of(chain))

    def _of(self, chain: TrustChain) -> Iterator[Seen]:
        anchor = chain.anchor_configuration
        known = anchor.claims.get("trust_mark_issuers", {}) if anchor else {}
        for shown in chain.statements[0].claims.get("trust_marks", [])[:_MOST]:
            type_ = shown["trust_mark_type"]
            if type_ not in known:
                continue
            name = kinds.name(chain.anchor.entity_id, type_) or type_
            try:
                yield self._look(chain, name, shown["trust_mark"])
            except FederationError as error:
                about = {"entity": chain.subject, "mark": name, "reason": str(error)}
                _log.warning("trust mark refused", **about)

    def _look(self, chain: TrustChain, name: str, token: str) -> Seen:
        rules = self.trust.rules
        issuer = self.trust.chain(trust_marks.parse(token, rules=rules).iss)
        status, confirmed = self._status(issuer, token)
        mark = trust_marks.validate(Shown(token, status), chain, issuer, time.time(), rules)
        return Seen(name, mark, confirmed)

    def _status(self, issuer: TrustChain, token: str) -> tuple[Status, float]:
        """What the issuer says of a mark (§8.4), or said while that is young enough."""
        if issuer.subject == self.trust.own.entity_id:
            return self.trust.given.status(token), time.time()
        entity = issuer.metadata[FEDERATION_ENTITY]
        endpoint = entity.get(STATUS_ENDPOINT)
        if not isinstance(endpoint, str):
            raise InvalidTrustMark("status-endpoint", issuer.subject)
        kept_at = place(endpoint, token)
        kept = statements.find(kept_at)
        age = (now() - kept.fetched_at).total_seconds() if kept else 0
        young = age < self.settings.status_refresh.total_seconds()
        if kept and (young or endpoint in self.away):
            return self._kept(kept, token)
        try:
            answer = _ask(self.outbound, endpoint, token)
        except Unreachable:
            self.away.note(endpoint)
            if kept is None:
                raise
            return self._kept(kept, token)
        found = answers.parse_status(answer, token, self.trust.rules)
        answers.verify(found.signed, issuer.keys)
        if found.iss != issuer.subject:
            raise InvalidTrustMark("status", found.iss)
        if found.status is Status.ACTIVE:
            life = self.settings.status_life.total_seconds()
            statements.keep(kept_at, answer, time.time() + life)
        else:
            statements.forget(kept_at)
        return found.status, time.time()

    def _kept(self, kept: statements.Kept, token: str) -> tuple[Status, float]:
        found = answers.parse_status(kept.token, token, self.trust.rules)
        return found.status, kept.fetched_at.timestamp()


def _ask(outbound: Outbound, endpoint: str, token: str) -> str:
    try:
        answer = outbound.foreign_post(endpoint, {"trust_mark": token})
    except OutboundRefused as error:
        raise Unreachable("refused", str(error), transient=False) from None
    except OutboundFailed as error:
        raise Unreachable("failed", str(error)) from None
    if answer.status == HTTPStatus.NOT_FOUND:  # the issuer knows nothing of it
        raise InvalidTrustMark("unknown", endpoint)
    return documents.read(answer, endpoint, _STATUS)
