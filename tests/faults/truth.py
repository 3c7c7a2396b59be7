"""What must be true when the node has healed, asked of it from the outside at rest."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.faults.load import Load
from tests.faults.node import Node
from tests.faults.outside import Outside
from tests.faults.people import Promises
from tests.faults.wire import Interrupted, Wire
from tests.oidc.actors import PASSWORD, Person

IN_THE_END = 90.0
"""Seconds until the last event is chained and the last portal told: back-off included."""
_LOOKED_AT = 15
"""Accounts looked at one by one: the newest, which the fault may have met."""


@dataclass
class Trail:
    """The audit trail as ``audit export`` hands it out, counted."""

    actions: dict[str, Counter[str]] = field(default_factory=dict)
    """By account."""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By family: the event of its code."""
    tokens: Counter[str] = field(default_factory=Counter)
    refreshed: Counter[str] = field(default_factory=Counter)
    delivered: set[str] = field(default_factory=set)
    ids: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, lines: Iterable[str]) -> "Trail":
        trail = cls()
        for line in lines:
            trail._add(orjson.loads(line))
        return trail

    def _add(self, event: dict[str, Any]) -> None:
        details, action = event["details"], event["action"]
        self.ids[event["id"]] += 1
        named = f"{action} {event['reason']}".strip()
        self.actions.setdefault(event["account"], Counter())[named] += 1
        if action == "grant.code_issued":
            self.codes[details["family"]] = event
        elif action == "token.issued":
            self.tokens[details["family"]] += 1
        elif action == "token.refreshed":
            self.refreshed[details["family"]] += 1
        elif action == "logout.delivered":
            self.delivered.add(details["session"])


class Truth:
    """Compares what was promised with what is."""

    def __init__(self, node: Node, load: Load, outside: Outside):
        self.node, self.load, self.outside = node, load, outside
        self.promises: Promises = load.promises

    def check(self, within: float = IN_THE_END) -> list[str]:
        """Every way in which the node has not kept its word, ``within`` some seconds."""
        found = self._spent()
        found += self._accounts()
        found += self._in_the_end(within)
        said = self.node.command("audit", "verify", check=False).strip()
        if not said.startswith("Whole"):
            found.append(f"audit verify: {said[:300]}")
        found += self.load.ledger.wrongs
        return found

    def _in_the_end(self, within: float) -> list[str]:
        """Until nothing is missing any more, or the time is up: then what is."""
        deadline = time.monotonic() + within
        while missing := self._missing():
            if time.monotonic() > deadline:
                return missing
            time.sleep(0.5)
        return []

    def _missing(self) -> list[str]:
        found = []
        if left := self._untold():
            found.append(f"{len(left)} back-channel logout(s) never came: {sorted(left)[:3]}")
            return found  # the trail says so only afterwards
        trail = Trail.read(self.node.command("audit", "export").splitlines())
        promises = self.promises
        codes, tokens = set(promises.families) - trail.codes.keys(), promises.redeemed
        _say(found, "codes not in the trail", codes)
        _say(found, "tokens not in the trail", tokens - trail.tokens.keys())
        few = {f for f, times in promises.refreshed.items() if trail.refreshed[f] < times}
        _say(found, "refreshes not in the trail", few)
        _say(found, "deliveries not in the trail", promises.logouts - trail.delivered)
        twice = {f for f, times in trail.tokens.items() if times > 1}
        _say(found, "codes redeemed twice, says the trail,", twice)
        _say(found, "events twice in the trail", {i for i, n in trail.ids.items() if n > 1})
        found += self._of_people(trail)
        return found

    def _of_people(self, trail: Trail) -> list[str]:
        """Sign-ins and sign-outs of each: all that were heard, and no more than were asked for."""
        found, accounts = [], {}
        for family, who in self.promises.families.items():
            if family in trail.codes:
                accounts[who] = trail.codes[family]["account"]
        for who, account in accounts.items():
            seen, doubtful = trail.actions[account], self.promises.doubtful.get(who, 0)
            for action, counted in (
                ("session.started", self.promises.signed_in),
                ("session.ended signed_out", self.promises.signed_out),
            ):
                heard = counted.get(who, 0)
                if not heard <= seen[action] <= heard + doubtful:
                    found.append(f"{who}: {action} {seen[action]}, heard {heard} + {doubtful}")
        opened = sum(events["account.opened"] for events in trail.actions.values())
        if opened < len(self.promises.opened):
            found.append(f"{len(self.promises.opened)} accounts opened, {opened} in the trail")
        return found

    def _untold(self) -> set[str]:
        wire = Wire(self.load.ports, self.load.ledger, "truth")
        jwks = wire.test_client().get("/jwks.json").json
        return self.promises.logouts - self.outside.received(jwks)

    def _spent(self) -> list[str]:
        """Everything that was used up since the last look, twice more."""
        found = []
        for spent in self.promises.spent * 2:
            try:
                if not spent.try_again():
                    found.append(f"{spent.what} worked again")
            except Interrupted as error:
                found.append(f"the healed node would not judge {spent.what}: {error}")
                break
        self.promises.spent.clear()
        return found

    def _accounts(self) -> list[str]:
        """Whoever was told that the account is open gets in."""
        found = []
        for name, _ in self.promises.opened[-_LOOKED_AT:]:
            person = Person(Wire(self.load.ports, self.load.ledger, "truth"), "", name)  # type: ignore[arg-type]
            try:
                person.opens("/login/").signs_in(password=PASSWORD)
            except Interrupted:
                found.append(f"the healed node refused {name}: {self.load.ledger.notes[-1]}")
                continue
            if person.browser.get_cookie("hutong_sso") is None:
                found.append(f"the account {name} was opened, and is gone")
        return found


def _say(found: list[str], what: str, which: set[str]) -> None:
    if which:
        found.append(f"{len(which)} {what}: {sorted(which)[:3]}")
