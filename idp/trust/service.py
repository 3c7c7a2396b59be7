"""Whom this node trusts: chains and marks of other entities, found once and looked at again.

Each process keeps what it found for the soft life. One thread looks again while the others go on
with what they have; nothing outlives the statements it rests on.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from idp.assurance import Level
from idp.federation import building, chains, entity_ids, jwks
from idp.federation.chains import Anchor, TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.entity_ids import EntityId, configuration_url
from idp.federation.errors import FederationError, InvalidChain, Unreachable
from idp.federation.trust_marks import TrustMark
from idp.keys import SigningKeys
from idp.outbound import Outbound
from idp.settings import Settings
from idp.store import statements, subordinates, trust_epoch
from idp.trust import anchors, marks
from idp.trust.documents import Away, Documents
from idp.trust.errors import Denied, Unmarked
from idp.trust.giving import Given
from idp.trust.marks import STATUS_ENDPOINT, Marks, Seen, capped, ceiling_of
from idp.trust.own import Own
from idp.trust.waiting import Waiting

Described = Mapping[str, Callable[[], dict[str, Any] | None]]
_DENY = "deny"
_EPOCH_FOR = 2.0
"""Seconds a process may go without hearing that trust has changed."""
_AGAIN = 5.0
"""Seconds between two looks that somebody insists on, as for a key that is not known."""
_LATELY = 1.25
"""How many soft lives ago superiors may have said what a chain shows: who shows it asks for it
again as often as we would, a fifth more or less.
"""
_MOST = 16_384
"""Entities a process remembers, and as many it refused: more than a country has."""
_log = structlog.get_logger("idp.trust")


@dataclass(slots=True)
class _Known:
    chain: TrustChain
    looked: float
    again: float
    """When to look again."""
    marks: tuple[Seen, ...] = ()
    marks_until: float = 0.0


@dataclass(slots=True)
class _Memory:
    known: dict[EntityId, _Known] = field(default_factory=dict)
    refused: dict[EntityId, tuple[float, FederationError]] = field(default_factory=dict)


class Trust:
    """Shared by all threads of a process."""

    def __init__(
        self, settings: Settings, outbound: Outbound, keys: SigningKeys, described: Described
    ):
        self.rules = anchors.rules(settings)
        self.own = Own(settings, keys, self.rules, described)
        self.given = Given(settings, keys, self.rules)
        self.on, self.vouches = settings.federation.on, settings.federation.vouches
        self._settings, self._outbound, self._keys = settings.federation, outbound, keys
        self._anchors = anchors.configured(settings)
        self._interop = anchors.interop(settings)
        self._memory = _Memory()
        self.waiting = Waiting(settings)
        self._away = Away(self._settings.retry)
        self._marks = Marks(self, outbound, self._settings, self._away)
        self._epoch: tuple[float, int] = (0.0, -1)
        self._locks = [threading.Lock() for _ in range(64)]

    def configuration(self) -> str:
        """What this node says of itself, as of now: another process may have got it a mark."""
        self._as_of_now()
        return self.own.configuration()

    def anchors(self) -> dict[EntityId, Anchor]:
        """Those configured, and this node itself where it is one."""
        if self._settings.role != "anchor":
            return self._anchors
        own = jwks.parse(self._keys.jwks("federation"))
        return {**self._anchors, self.own.entity_id: Anchor(self.own.entity_id, own)}

    def is_entity(self, name: str) -> bool:
        """Whether a client of this name could be an entity of the federation."""
        if not self.on or "://" not in name:
            return False
        try:
            entity_ids.parse(name, self.rules)
        except FederationError:
            return False
        return True

    def is_strict(self, chain: TrustChain) -> bool:
        return chain.anchor.entity_id not in self._interop

    def chain(self, entity: str, *, fresh: bool = False) -> TrustChain:
        """The valid chain of an entity, as of lately; ``fresh``: it showed a key not known here.

        Raises FederationError, ``Unreachable`` among them.
        """
        entity_id = entity_ids.parse(entity, self.rules)
        self._check_denied(entity_id)
        memory, moment = self._as_of_now(), time.time()
        known = memory.known.get(entity_id)
        if (
            known
            and moment < known.chain.expires
            and moment < (known.looked + _AGAIN if fresh else known.again)
        ):
            return known.chain
        refused = memory.refused.get(entity_id)
        if refused and moment < refused[0]:
            raise refused[1]
        return self._look(entity_id, known, fresh)

    def knows(self, entity: str) -> bool:
        """Whether there is something to go by: nobody else would have to be asked at all, or only
        whom this node vouches for. That somebody was refused a moment ago is something, too.
        """
        memory = self._as_of_now()
        if entity in memory.known or entity == self.own.entity_id:
            return True
        refused = memory.refused.get(EntityId(entity))
        if refused and time.time() < refused[0]:
            return True
        row = subordinates.get(entity) if len(entity) <= subordinates.LONGEST else None
        return row is not None and row.status == subordinates.ACTIVE

    def shown(self, entity: str, tokens: object) -> TrustChain:
        """The chain that an entity shows itself (``trust_chain`` header), where none is known.

        Superiors have to have said so lately: one that was suspended since could show for hours
        what they said before. Raises FederationError.
        """
        entity_id = entity_ids.parse(entity, self.rules)
        self._check_denied(entity_id)
        memory, moment = self._as_of_now(), time.time()
        known = memory.known.get(entity_id)
        if known and moment < min(known.chain.expires, known.again):
            return known.chain
        if (refused := memory.refused.get(entity_id)) and moment < refused[0]:
            raise refused[1]
        found = chains.validate(
            chains.parse(tokens, self.rules),
            self.anchors(),
            moment,
            subject=entity_id,
            rules=self.rules,
        )
        lately = moment - _LATELY * self._settings.refresh.total_seconds()
        if any(
            one.lifetime.begins < lately for one in found.statements if not one.is_configuration
        ):
            raise InvalidChain("old", entity_id)
        self._remember(entity_id, found, moment + self._settings.retry.total_seconds())
        return found

    def ceiling(self, chain: TrustChain) -> Level:
        """How high this node believes what an entity says of people: its marks, and our own word.

        Raises FederationError where its marks cannot be looked at.
        """
        own = self._settings.ceilings.get(chain.subject, "")
        return capped(ceiling_of(self.marks(chain), self._settings), own)

    def require(self, chain: TrustChain, name: str) -> TrustMark:
        """The mark an entity bears. Raises Unmarked."""
        for seen in self.marks(chain):
            if seen.name == name:
                return seen.mark
        raise Unmarked(name, chain.subject)

    def marks(self, chain: TrustChain) -> tuple[Seen, ...]:
        """The marks an entity shows that count, looked at lately."""
        known = self._as_of_now().known.get(chain.subject)
        moment = time.time()
        if known is None or known.chain is not chain:
            return self._marks.of(chain)
        if moment >= known.marks_until:
            known.marks = self._marks.of(chain)
            known.marks_until = moment + self._settings.status_refresh.total_seconds()
        return known.marks

    def forget(self) -> None:
        """Everything is looked at anew, in every process: somebody was suspended, or lost a key."""
        trust_epoch.advance()
        self._epoch = (0.0, -1)
        self.own.forget()

    def forget_entity(self, entity: str, superior: str) -> None:
        """What a superior says of one entity, its marks among it, is asked for anew in every
        process: it has told us that it says something else now.
        """
        with suppress(FederationError):
            entity_id = entity_ids.parse(entity, self.rules)
            statements.forget(configuration_url(entity_id))
            above = self.chain(superior)
            statements.forget(building.fetch_url(above.statements[0], entity_id))
            self._forget_marks(entity_id, above)
        self.forget()

    def _forget_marks(self, entity_id: EntityId, giver: TrustChain) -> None:
        known = self._memory.known.get(entity_id)
        endpoint = giver.metadata.get(FEDERATION_ENTITY, {}).get(STATUS_ENDPOINT)
        if known is None or not isinstance(endpoint, str):
            return
        for shown in known.chain.statements[0].claims.get("trust_marks", []):
            statements.forget(marks.place(endpoint, shown["trust_mark"]))

    def _look(self, entity_id: EntityId, known: _Known | None, fresh: bool) -> TrustChain:
        """One thread looks; others with something that still holds do not wait for it."""
        lock = self._locks[hash(entity_id) % len(self._locks)]
        usable = known is not None and time.time() < known.chain.expires
        if known is not None and usable and lock.locked():
            return known.chain
        asked = [configuration_url(entity_id)] if fresh else []
        try:
            with self.waiting.turn(lock):
                again = self._memory.known.get(entity_id)
                if again and again is not known and time.time() < again.chain.expires:
                    return again.chain  # somebody has looked while we waited
                with self.waiting.place():
                    return self._build(entity_id, known, asked)
        except Unreachable as error:
            if known is None or not usable or error.reason != "busy":
                raise
            return known.chain

    def _build(
        self, entity_id: EntityId, known: _Known | None, asked: Collection[str]
    ) -> TrustChain:
        moment = time.time()
        source = Documents(
            self._outbound, self._settings.refresh, self.own.answer, asked, self._away
        )
        try:
            found = building.build(entity_id, self.anchors(), source, moment, self.rules)
        except FederationError as error:
            return self._refuse(entity_id, known, error)
        source.keep(one.token for one in found.statements)
        life = self._settings.retry if source.stale else self._settings.refresh
        self._remember(entity_id, found, moment + life.total_seconds())
        return found

    def _remember(self, entity_id: EntityId, chain: TrustChain, again: float) -> None:
        memory = self._memory
        if len(memory.known) >= _MOST:
            memory.known.clear()
        memory.refused.pop(entity_id, None)
        memory.known[entity_id] = _Known(chain, time.time(), again)

    def _refuse(
        self, entity_id: EntityId, known: _Known | None, error: FederationError
    ) -> TrustChain:
        """Out of reach for the moment leaves what is known; anything else ends it."""
        moment = time.time()
        away = isinstance(error, Unreachable) and error.transient
        again = moment + self._settings.retry.total_seconds()
        if known and away and moment < known.chain.expires:
            _log.warning("stale chain", entity=entity_id, reason=str(error))
            known.again = again
            return known.chain
        self._memory.known.pop(entity_id, None)
        if len(self._memory.refused) >= _MOST:
            self._memory.refused.clear()
        self._memory.refused[entity_id] = (again, error)
        _log.warning("entity not trusted", entity=entity_id, reason=str(error))
        raise error

    def _as_of_now(self) -> _Memory:
        """What is known, unless some process has heard that trust has changed."""
        moment, (read_at, epoch) = time.monotonic(), self._epoch
        if moment - read_at > _EPOCH_FOR:
            latest = trust_epoch.current()
            if latest != epoch:
                self._memory = _Memory()
                self.own.forget()
            self._epoch = (moment, latest)
        return self._memory

    def _check_denied(self, entity_id: EntityId) -> None:
        if self._settings.ceilings.get(entity_id) == _DENY:
            raise Denied("denied", entity_id)
