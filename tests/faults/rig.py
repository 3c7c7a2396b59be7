"""One trial after another on one node: break something under load, lift it, judge."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tests.faults.ledger import BROKEN, Ledger, Note
from tests.faults.load import ByPassword, BySms, Changer, Load, Newcomer, Sso, fresh_number
from tests.faults.node import Engines, Node
from tests.faults.outside import BACKCHANNEL, Outside
from tests.faults.people import Place, Promises, Visitor
from tests.faults.truth import IN_THE_END, Truth

CALM = 2.0
"""Seconds the load is measured before the fault."""
WINDOW = 1.0
_REQUEST_ID = re.compile(r"[0-9a-f]{16}")
SHARE = 0.4
"""Of the passes before the fault that a window after it must hold to be called healed."""
STATUTE = "《住房公积金管理条例》第十三条"
PORTALS: dict[str, dict[str, object]] = {
    "gjj": {
        "legal_basis": "statutory",
        "statute": STATUTE,
        "claims": ["phone_number", "phone_number_verified"],
    },
    "shebao": {"legal_basis": "consent"},
}


@dataclass(frozen=True)
class Limits:
    """What a trial allows, in seconds."""

    answer: float
    """No request of the load takes longer, whatever is broken."""
    heals: float
    """From the end of the fault until everybody gets everything again."""
    may_break: bool = False
    """Whether connections may be cut: only where the process that held them dies."""
    spotless: bool = False
    """Nobody is refused at all."""
    told: float = IN_THE_END
    """Until every event is chained and every portal told."""


@dataclass(frozen=True)
class Result:
    """A row of the table."""

    engines: str
    fault: str
    requests: int
    refused: int
    broken: int
    worst: float
    healed: float
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> str:
        return "failed" if self.wrong else "passed"


@dataclass
class Rig:
    """A node, the world outside it and everybody who comes."""

    node: Node
    outside: Outside
    load: Load
    truth: Truth
    broken: bool = False
    results: list[Result] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.load.visitors[0].place

    @property
    def engines(self) -> Engines:
        return self.node.engines

    @property
    def ledger(self) -> Ledger:
        return self.load.ledger

    def through(
        self, name: str, fault: AbstractContextManager[object], limits: Limits, *, lasts: float
    ) -> Result:
        """Bring ``fault`` about for so long, and judge everything that was seen and promised."""
        self.broken = True  # until the trial has come to its end
        begun, log_at = time.monotonic(), self.node.log.stat().st_size
        self.load.go()
        time.sleep(CALM)
        rate = self.ledger.passes_between(begun + CALM / 2, time.monotonic()) / (CALM / 2)
        struck = time.monotonic()
        with fault:
            time.sleep(max(0.0, lasts - (time.monotonic() - struck)))
        lifted = time.monotonic()
        wrong = []
        healed = self._healed(lifted, rate, limits)
        if healed is None:
            wrong.append(f"not healed within {limits.heals} s: {self._troubles(lifted)}")
        self.load.rest()
        notes = self.ledger.between(struck, time.monotonic())
        wrong += self._judged(notes, limits, self.node.log_since(log_at))
        wrong += self.truth.check(limits.told)
        return self._result(name, notes, healed or limits.heals, wrong)

    def _healed(self, lifted: float, rate: float, limits: Limits) -> float | None:
        """When a window without trouble began in which enough passed, and everybody since."""
        while (now := time.monotonic()) < lifted + limits.heals + WINDOW:
            time.sleep(0.1)
            notes = self.ledger.between(lifted, now)
            troubled = max((n.at for n in notes if n.trouble), default=lifted)
            enough = self.ledger.passes_between(now - WINDOW, now) >= SHARE * rate * WINDOW
            firsts = [self._first(kind, lifted) for kind in self.load.kinds]
            if now - troubled >= WINDOW and enough and all(firsts):
                return max(troubled, *firsts) - lifted
        return None

    def _first(self, kind: str, since: float) -> float:
        """When a visitor of this kind first got through since then; 0 when none did."""
        with self.ledger.lock:
            return next((at for at, k in self.ledger.passes if k == kind and at > since), 0.0)

    def _troubles(self, since: float) -> str:
        notes = [note for note in self.ledger.between(since, time.monotonic()) if note.trouble]
        never = [kind for kind in self.load.kinds if not self._first(kind, since)]
        last = [f"{n.status} {n.what}" for n in notes[-3:]]
        return f"never through: {never}; {len(notes)} troubles, the last {last}"

    def _judged(self, notes: list[Note], limits: Limits, log: str) -> list[str]:
        faults = Counter(_REQUEST_ID.sub("…", note.fault) for note in notes if note.fault)
        wrong = [f"{times} x {text}" for text, times in faults.most_common(5)]
        worst = max(notes, key=lambda note: note.seconds)
        if worst.seconds > limits.answer:
            wrong.append(f"{worst.what} ({worst.status}) took {worst.seconds:.1f} s")
        broken = sorted({note.what for note in notes if note.status == BROKEN})
        if broken and not limits.may_break:
            wrong.append(f"connections broke: {broken[:3]}")
        if limits.spotless and (troubled := [n for n in notes if n.trouble]):
            wrong.append(f"{len(troubled)} refused, such as {troubled[0].what[-600:]}")
        bugs = [line for line in log.splitlines() if '"event":"bug' in line]
        wrong += [f"the log holds a bug: {line[-1500:]}" for line in bugs[:1]]
        return wrong

    def _result(self, name: str, notes: list[Note], healed: float, wrong: list[str]) -> Result:
        refused = sum(note.trouble and note.status != BROKEN for note in notes)
        broken = sum(note.status == BROKEN for note in notes)
        worst = max(note.seconds for note in notes)
        result = Result(
            self.engines.name, name, len(notes), refused, broken, worst, healed, tuple(wrong)
        )
        self.results.append(result)
        self.broken = bool(wrong)
        return result


@contextmanager
def built(directory: Path, engines: Engines) -> Iterator[Rig]:
    """A node with portals and people, everybody at rest."""
    outside = Outside()
    node = Node(directory, engines, outside.url)
    try:
        secrets = {client_id: _register(node, outside, client_id) for client_id in PORTALS}
        ledger, promises = Ledger(), Promises()
        place = Place([node.port], ledger, promises, outside, secrets)
        load = Load(place, _people(place))
        load.start()
        rig = Rig(node, outside, load, Truth(node, load, outside))
        try:
            yield rig
        finally:
            load.stop()
    finally:
        node.stop()
        outside.stop()


def _people(place: Place) -> list[Visitor]:
    kinds: tuple[type[Visitor], ...] = (Sso, Sso, Sso, ByPassword, BySms, Changer, Newcomer)
    people = [kind(place, f"{kind.kind}_{n}", fresh_number()) for n, kind in enumerate(kinds)]
    for each in people:
        if isinstance(each, Newcomer):
            continue
        each.signs_up()
        place.promises.count(place.promises.signed_in, each.name)
        if isinstance(each, ByPassword | Changer):
            _consents(each)
        each.forgets()
    return people


def _consents(visitor: Visitor) -> None:
    portal = visitor.portals["shebao"]
    visitor.person.opens(portal.url(scope="openid phone offline_access"))
    visitor.person.presses("consent-allow")
    assert "code" in visitor.person.arrived, visitor.person.page.text


def _register(node: Node, outside: Outside, client_id: str) -> str:
    """As an operator does it; the secret is shown once."""
    path = node.directory / f"{client_id}.json"
    given = {
        "name": client_id,
        "redirect_uris": [f"https://{client_id}.test/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid phone offline_access",
        "home_uri": f"https://{client_id}.test/",
        "backchannel_logout_uri": f"{outside.url}{BACKCHANNEL}/{client_id}",
        **PORTALS[client_id],
    }
    path.write_bytes(orjson.dumps(given))
    said = node.command("client", "create", "--client-id", client_id, "--file", str(path))
    return said.split("client_secret")[1].split()[0]
