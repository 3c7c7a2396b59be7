"""Trust chains: whether statements lead from a subject to a trust anchor of ours (§4, §10.2).

What costs nothing is checked first and signatures last; a key that several statements are to be
verified with is made once.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from idp.federation import metadata, policies, signed, statements
from idp.federation.constraints import FREE, Constraints
from idp.federation.entity_ids import EntityId
from idp.federation.errors import FederationError, InvalidChain
from idp.federation.jwks import Keys, PublicKey
from idp.federation.policies import Metadata
from idp.federation.rules import STRICT, Rules
from idp.federation.statements import Statement


@dataclass(frozen=True, slots=True)
class Anchor:
    """Whom this node trusts by configuration, with which keys, and how far."""

    entity_id: EntityId
    keys: Keys
    """Learnt out of band; what the anchor publishes itself never adds to them."""
    pins: Mapping[EntityId, Constraints] = field(default_factory=dict)
    """Our own ceilings below an entity, the anchor or one under it, whatever the anchor says.

    Where there are two anchors, each can name any entity: only pins keep them apart.
    """
    tolerated: frozenset[str] = frozenset()
    """Claims that are passed over where they do not belong, in what leads to this anchor."""


@dataclass(frozen=True, slots=True)
class TrustChain:
    """A chain that was found valid, and what it says of its subject."""

    statements: tuple[Statement, ...]
    anchor: Anchor
    expires: float
    metadata: Metadata
    """Resolved: as all superiors together want it; the only metadata to act on."""
    keys: Keys
    """The federation keys that both the subject and its immediate superior name."""

    @property
    def subject(self) -> EntityId:
        return self.statements[0].sub

    @property
    def anchor_configuration(self) -> Statement | None:
        """Left out of some transported chains; then nothing is known of its trust marks."""
        last = self.statements[-1]
        return last if last.is_configuration else None


def parse(tokens: object, rules: Rules = STRICT) -> tuple[Statement, ...]:
    """A chain as it travels, in a ``trust_chain`` header or as ``application/trust-chain+json``."""
    if not isinstance(tokens, list) or not 0 < len(tokens) <= rules.max_length:
        raise InvalidChain("length")
    return tuple(statements.parse(token, rules) for token in tokens)


def validate(
    chain: Sequence[Statement],
    anchors: Mapping[EntityId, Anchor],
    now: float,
    *,
    subject: EntityId | None = None,
    rules: Rules = STRICT,
) -> TrustChain:
    """``chain`` runs from the subject's configuration upwards; raises FederationError."""
    _check_links(chain, subject, rules)
    anchor = anchors.get(chain[-1].iss)
    if anchor is None:
        raise InvalidChain("anchor", chain[-1].iss)
    for one in chain:
        statements.check_placed(one, anchor.tolerated)
        statements.check_now(one, now, rules)
    limits = _check_limits(chain, anchors)
    signatures = _signatures(chain, anchors)
    resolved = _resolve(chain, limits)
    for one, key in signatures:
        signed.verify(one.signed, key)
    return TrustChain(
        statements=tuple(chain),
        anchor=anchor,
        expires=min(one.lifetime.ends for one in chain),
        metadata=resolved,
        keys=chain[0].keys.both(chain[1].keys if len(chain) > 1 else anchor.keys),
    )


def choose(
    candidates: Iterable[Sequence[Statement]],
    anchors: Mapping[EntityId, Anchor],
    now: float,
    *,
    subject: EntityId | None = None,
    rules: Rules = STRICT,
) -> TrustChain:
    """The shortest valid chain; of equally short ones the one that lasts longest."""
    refusals: list[FederationError] = []
    for chain in sorted(candidates, key=_preference):
        try:
            return validate(chain, anchors, now, subject=subject, rules=rules)
        except FederationError as error:
            refusals.append(error)
    if len(refusals) == 1:
        raise refusals[0]
    raise InvalidChain("none", "; ".join(map(str, refusals)))


def check_hint(statement: Statement, configuration: Statement) -> None:
    """A superior speaks of an entity only if the entity names it as a superior."""
    if statement.iss not in configuration.authority_hints:
        raise InvalidChain("authority_hints", statement.iss)


def _check_links(chain: Sequence[Statement], subject: EntityId | None, rules: Rules) -> None:
    if not 0 < len(chain) <= rules.max_length:
        raise InvalidChain("length")
    _check_order(chain)
    if subject not in (None, chain[0].sub):
        raise InvalidChain("subject", chain[0].sub)
    for below, above in pairwise(chain):
        if below.iss != above.sub:
            raise InvalidChain("link", above.sub)
    superiors = [one.iss for one in _subordinate(chain)]
    if len({chain[0].sub, *superiors}) != 1 + len(superiors):
        raise InvalidChain("loop")
    for one in _subordinate(chain)[:1]:
        check_hint(one, chain[0])


def _check_order(chain: Sequence[Statement]) -> None:
    """A configuration, subordinate statements, and the anchor's configuration or none."""
    between = chain[1:-1] if chain[-1].is_configuration else chain[1:]
    if not chain[0].is_configuration or any(one.is_configuration for one in between):
        raise InvalidChain("order")
    if len(chain) > 1 and not between:
        raise InvalidChain("order")


def _check_limits(
    chain: Sequence[Statement], anchors: Mapping[EntityId, Anchor]
) -> list[Constraints]:
    """Every superior's constraints and every pin of ours, each for itself.

    A pin holds whichever anchor the chain ends at, or another anchor would be the way around it.
    """
    limits, below = [], []
    for one in _subordinate(chain):
        below.append(one.sub)
        pins = (anchor.pins.get(one.iss, FREE) for anchor in anchors.values())
        for limit in (one.constraints, *pins):
            limit.check(below)
            limits.append(limit)
    return limits


def _resolve(chain: Sequence[Statement], limits: Sequence[Constraints]) -> Metadata:
    subject, superiors = chain[0], _subordinate(chain)
    resolved = metadata.resolve(
        subject.metadata,
        superiors[0].metadata if superiors else {},
        limits,
        policies.merge_all(one.policy for one in reversed(superiors)),
    )
    metadata.check_issuer(resolved, subject.sub)
    return resolved


def _signatures(
    chain: Sequence[Statement], anchors: Mapping[EntityId, Anchor]
) -> list[tuple[Statement, PublicKey]]:
    """Which key has to have signed which statement; one named by two sets is tried once.

    An anchor speaks with the keys we pinned, even where another anchor vouches for it.
    """
    found: list[tuple[Statement, PublicKey]] = []
    for one, above in zip(chain, [*chain[1:], None], strict=True):
        naming = [above.keys] if above else []
        if one.is_configuration:
            naming.append(one.keys)
        if one.iss in anchors:
            naming.append(anchors[one.iss].keys)
        keys = dict.fromkeys(keys.find(one.signed.kid, one.signed.alg) for keys in naming)
        found.extend((one, key) for key in keys)
    return found


def _subordinate(chain: Sequence[Statement]) -> list[Statement]:
    """The statements of superiors, from the immediate one upwards."""
    return [one for one in chain if not one.is_configuration]


def _preference(chain: Sequence[Statement]) -> tuple[int, float]:
    return len(chain), -min((one.lifetime.ends for one in chain), default=math.inf)
