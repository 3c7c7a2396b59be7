"""Finding trust chains: from a subject's configuration up its hints to an anchor (§10.1).

Which documents to ask for is decided here, and how many at most; asking is the caller's part, as
is keeping what was answered. Whoever is asked about may be hostile: hints are followed breadth
first, a few of each entity and a few paths at once, never to one that is on the path already, and
no document is asked for twice.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from urllib.parse import urlencode

from idp.federation import chains, entity_ids, statements
from idp.federation.chains import Anchor, TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.entity_ids import EntityId
from idp.federation.errors import FederationError, InvalidChain, Unreachable
from idp.federation.rules import STRICT, Rules
from idp.federation.statements import Statement

Source = Callable[[str], str]
"""Answers the statement at a URL, or raises ``Unreachable``."""

Path = tuple[Statement, ...]
"""Configurations from the subject's upwards, each entity a hint of the one before."""


@dataclass(frozen=True, slots=True)
class Limits:
    hints: int = 4
    """Superiors that are followed of one entity; those that are anchors come first."""
    paths: int = 16
    """Paths of one length that are followed; entities that name each other make very many."""
    documents: int = 24
    """Documents that are asked for in all."""


def build(
    subject: EntityId,
    anchors: Mapping[EntityId, Anchor],
    source: Source,
    now: float,
    rules: Rules = STRICT,
) -> TrustChain:
    """The shortest valid chain there is; raises ``Unreachable`` if trying again may find one."""
    search = Search(source, rules)
    for path in search.paths(subject, anchors):
        try:
            return chains.validate(search.chain(path), anchors, now, subject=subject, rules=rules)
        except FederationError as error:
            search.refusals.append(error)
    for refusal in search.refusals:
        if isinstance(refusal, Unreachable) and refusal.transient:
            raise refusal
    raise InvalidChain("none", "; ".join(map(str, search.refusals)))


@dataclass(slots=True)
class Search:
    """One search: what was asked for so far, and why ways were given up."""

    source: Source
    rules: Rules = STRICT
    limits: Limits = Limits()
    asked: dict[str, Statement | FederationError] = field(default_factory=dict)
    refusals: list[FederationError] = field(default_factory=list)

    def paths(self, subject: EntityId, anchors: Collection[EntityId]) -> Iterator[Path]:
        """Ways to an anchor, shorter ones first."""
        waiting: list[Path] = [()]
        for _ in range(self.rules.max_length - 1):
            further = self._further(waiting, subject, anchors)
            reached = list(islice(further, self.limits.paths))
            yield from (path for path in reached if path[-1].sub in anchors)
            waiting = reached

    def chain(self, path: Path) -> list[Statement]:
        """The statements along a path, each superior asked about the one below."""
        subordinate = [
            self._ask(fetch_url(above, below.sub), above.sub, below.sub)
            for below, above in pairwise(path)
        ]
        # An anchor that is its own subject is shown by one configuration.
        return [path[0], *subordinate, path[-1]] if subordinate else [path[0]]

    def _further(
        self, paths: list[Path], subject: EntityId, anchors: Collection[EntityId]
    ) -> Iterator[Path]:
        for path in paths:
            for hint in self._hints(path, anchors) if path else [subject]:
                try:
                    yield (*path, self._ask(entity_ids.configuration_url(hint), hint, hint))
                except FederationError as error:
                    self.refusals.append(error)

    def _hints(self, path: Path, anchors: Collection[EntityId]) -> list[EntityId]:
        passed = {one.sub for one in path}
        hints = [hint for hint in dict.fromkeys(path[-1].authority_hints) if hint not in passed]
        return sorted(hints, key=lambda hint: hint not in anchors)[: self.limits.hints]

    def _ask(self, url: str, iss: EntityId, sub: EntityId) -> Statement:
        if url not in self.asked:
            self.asked[url] = self._answer(url, iss, sub)
        answer = self.asked[url]
        if isinstance(answer, FederationError):
            raise answer
        return answer

    def _answer(self, url: str, iss: EntityId, sub: EntityId) -> Statement | FederationError:
        if len(self.asked) >= self.limits.documents:
            return InvalidChain("documents", sub)
        try:
            found = statements.parse(self.source(url), self.rules)
        except FederationError as error:
            return error
        return found if (found.iss, found.sub) == (iss, sub) else InvalidChain("answer", sub)


def fetch_url(superior: Statement, subject: EntityId) -> str:
    """Where a superior speaks of an entity; the endpoint comes from its own configuration."""
    endpoint = superior.metadata.get(FEDERATION_ENTITY, {}).get("federation_fetch_endpoint")
    if endpoint is None:
        raise InvalidChain("federation_fetch_endpoint", superior.sub)
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode({'sub': subject})}"
