"""Which sign-ins are risky, and what then: a table of rules, judged by facts. Pure."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from idp.settings import SettingsError


class Action(IntEnum):
    """What a rule wants; the strongest is taken."""

    ALLOW = 0
    NOTIFY = 1
    CAPTCHA = 2
    SECOND_FACTOR = 3
    STOP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a sign-in; None is not known, and is no signal. ``SIGNALS`` says more."""

    new_browser: bool | None = None
    new_region: bool | None = None
    journey_minutes: int | None = None
    sign_ins: int | None = None
    browser_accounts: int | None = None
    range_accounts: int | None = None
    failures: int | None = None
    failures_here: int | None = None
    number_days: int | None = None
    idle_days: int | None = None
    below_usual: bool | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """How one of the facts is compared with a rule's threshold."""

    meaning: str
    yes_or_no: bool = False
    at_most: bool = False
    """Whether less is riskier."""
    early: bool = False
    """Whether it is known before the proof is judged."""

    def reached(self, value: int | None, threshold: int) -> bool:
        if value is None:
            return False
        return value <= threshold if self.at_most else value >= threshold

    def takes(self, threshold: object) -> bool:
        if self.yes_or_no:
            return threshold is True
        number = isinstance(threshold, int) and not isinstance(threshold, bool)
        return number and threshold >= (0 if self.at_most else 1)  # type: ignore[operator]


SIGNALS: dict[str, Signal] = {
    "new_browser": Signal("the account was never used from this browser", yes_or_no=True),
    "new_region": Signal(
        "none of the account's sign-ins within risk.history came from this province",
        yes_or_no=True,
    ),
    "journey_minutes": Signal(
        "minutes since the last sign-in, which came from another province; at most", at_most=True
    ),
    "sign_ins": Signal("sign-ins of the account within risk.window, this one among them"),
    "browser_accounts": Signal(
        "accounts that were signed in to from this browser within risk.window", early=True
    ),
    "range_accounts": Signal(
        "accounts that were signed in to from this address range within risk.window", early=True
    ),
    "failures": Signal("wrong passwords of strangers for the account within a day"),
    "failures_here": Signal(
        "wrong passwords for the account from this address range within login.throttle"
    ),
    "number_days": Signal("days since the account got another phone number; at most", at_most=True),
    "idle_days": Signal("days since the account was last signed in to"),
    "below_usual": Signal(
        "the last five sign-ins all proved more factors than this one", yes_or_no=True
    ),
}
_PARTS = {"name", "when", "action"}
_ACTIONS = {each.name.lower(): each for each in Action if each is not Action.ALLOW}


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that have all to be met, by signal and threshold; and what is done then."""

    name: str
    when: dict[str, int]
    action: Action

    def applies(self, facts: Facts) -> bool:
        return all(SIGNALS[s].reached(getattr(facts, s), least) for s, least in self.when.items())


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, and the names of all rules that applied."""

    action: Action = Action.ALLOW
    reasons: tuple[str, ...] = ()


def decide(facts: Facts, rules: Iterable[Rule]) -> Decision:
    """The strongest action any rule wants; none: allow."""
    applying = [rule for rule in rules if rule.applies(facts)]
    action = max((rule.action for rule in applying), default=Action.ALLOW)
    return Decision(action, tuple(rule.name for rule in applying))


@dataclass(frozen=True, slots=True)
class Table:
    """The rules, by when they are asked: before the proof is judged, and after it."""

    early: tuple[Rule, ...]
    late: tuple[Rule, ...]


def load(path: Path) -> Table:
    """Read a table. Raises SettingsError, which says what is wrong with which rule."""
    rules: list[Rule] = []
    for number, row in enumerate(_rows(path), 1):
        if wrong := _wrong(row, {rule.name for rule in rules}):
            raise SettingsError(f"{path}: rule {number}: {wrong}")
        rules.append(Rule(row["name"], dict(row["when"]), _ACTIONS[row["action"]]))
    early = tuple(rule for rule in rules if rule.action is Action.CAPTCHA)
    return Table(early, tuple(rule for rule in rules if rule not in early))


def _rows(path: Path) -> list[Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from None
    if unknown := found.keys() - {"rules"}:
        raise SettingsError(f"{path}: unknown key {min(unknown)}")
    rows = found.get("rules", [])
    if not isinstance(rows, list):
        raise SettingsError(f"{path}: rules are written as [[rules]]")
    return rows


def _wrong(row: Any, names: set[str]) -> str:
    if not isinstance(row, dict) or row.keys() != _PARTS:
        return "a rule has name, when and action, and nothing else"
    name, when, action = row["name"], row["when"], row["action"]
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        return "name must be letters, digits and underscores"
    if name in names:
        return f"there is another rule named {name}"
    if action not in _ACTIONS:
        return f"action must be one of {', '.join(_ACTIONS)}"
    if not isinstance(when, dict) or not when:
        return "when must name a signal and its threshold"
    conditions = (_wrong_condition(signal, least, action) for signal, least in when.items())
    return next(filter(None, conditions), "")


def _wrong_condition(signal: str, threshold: object, action: str) -> str:
    if signal not in SIGNALS:
        return f"there is no signal {signal}; there are {', '.join(SIGNALS)}"
    if not SIGNALS[signal].takes(threshold):
        return f"{signal} takes {'true' if SIGNALS[signal].yes_or_no else 'a whole number'}"
    if action == "captcha" and not SIGNALS[signal].early:
        return f"{signal} is not known yet when a captcha is asked for"
    return ""
