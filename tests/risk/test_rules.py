"""The table of rules: what each says at its threshold, one below it and one above."""

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.risk import rules
from idp.risk.rules import SIGNALS, Action, Decision, Facts, Rule, decide
from idp.settings import ROOT, SettingsError

SHIPPED = rules.load(ROOT / "config" / "risk.toml")
ALL = (*SHIPPED.early, *SHIPPED.late)


def met(rule: Rule) -> Facts:
    """What just meets every condition of a rule."""
    return Facts(**rule.when)  # type: ignore[arg-type]


def one_short(rule: Rule, signal: str) -> Facts:
    change = 1 if SIGNALS[signal].at_most else -1
    return replace(met(rule), **{signal: rule.when[signal] + change})


def one_over(rule: Rule, signal: str) -> Facts:
    change = -1 if SIGNALS[signal].at_most else 1
    return replace(met(rule), **{signal: rule.when[signal] + change})


CONDITIONS = [pytest.param(r, s, id=f"{r.name}-{s}") for r in ALL for s in r.when]


@pytest.mark.parametrize(("rule", "signal"), CONDITIONS)
def test_a_rule_applies_at_its_threshold_and_beyond_and_not_one_before(
    rule: Rule, signal: str
) -> None:
    assert decide(met(rule), [rule]) == Decision(rule.action, (rule.name,))
    assert decide(one_over(rule, signal), [rule]).action is rule.action
    assert decide(one_short(rule, signal), [rule]) == Decision()


@pytest.mark.parametrize(("rule", "signal"), CONDITIONS)
def test_what_is_not_known_is_no_signal(rule: Rule, signal: str) -> None:
    assert decide(replace(met(rule), **{signal: None}), [rule]) == Decision()


def test_the_strongest_action_wins_and_all_reasons_are_named() -> None:
    facts = Facts(new_browser=True, new_region=True, browser_accounts=20)

    assert decide(facts, SHIPPED.late) == Decision(
        Action.STOP,
        ("far_too_many_accounts_in_one_browser", "new_place", "new_place_and_browser"),
    )


def test_an_ordinary_sign_in_meets_no_rule() -> None:
    usual = Facts(
        new_browser=False,
        new_region=False,
        sign_ins=1,
        browser_accounts=1,
        range_accounts=40,
        failures=2,
        failures_here=2,
        number_days=400,
        idle_days=3,
        below_usual=False,
    )

    assert decide(usual, ALL) == Decision()


def test_a_browser_new_to_the_account_alone_asks_for_nothing() -> None:
    """Its phone hears of it as ever; most people have one kind of factor."""
    assert decide(Facts(new_browser=True), ALL) == Decision()


counts = st.none() | st.integers(0, 400)
yes_or_no = st.none() | st.booleans()
anything = st.fixed_dictionaries(
    {name: yes_or_no if signal.yes_or_no else counts for name, signal in SIGNALS.items()}
)


@st.composite
def some_rules(draw: Any) -> list[Rule]:
    names = draw(st.lists(st.sampled_from(sorted(SIGNALS)), min_size=1, max_size=6))
    made = []
    for number, pair in enumerate(pairwise([*names, names[0]])):
        when = {
            name: True if SIGNALS[name].yes_or_no else draw(st.integers(1, 400)) for name in pair
        }
        made.append(Rule(f"r{number}", when, draw(st.sampled_from(list(Action)[1:]))))
    return made


@given(anything)
def test_no_rule_allows_everything(found: dict[str, Any]) -> None:
    assert decide(Facts(**found), ()) == Decision()


@given(some_rules(), anything, st.data())
def test_more_risk_never_gives_a_weaker_action(
    made: list[Rule], found: dict[str, Any], data: Any
) -> None:
    before = decide(Facts(**found), made)
    name = data.draw(st.sampled_from(sorted(SIGNALS)))
    signal, value = SIGNALS[name], found[name]
    if signal.yes_or_no:
        worse: Any = True
    elif signal.at_most:
        worse = data.draw(st.integers(0, 400 if value is None else value))
    else:
        worse = data.draw(st.integers(value or 0, 800))

    after = decide(Facts(**{**found, name: worse}), made)

    assert after.action >= before.action
    assert {*after.reasons} >= {*before.reasons}


def test_every_fact_is_a_signal_rules_can_name() -> None:
    assert {field.name for field in fields(Facts)} == SIGNALS.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = 1", "rules"),
        ("[[rule]]\nname = 'x'", "unknown key rule"),
        ("[[rules]]\nname = 'x'\naction = 'stop'", "name, when and action"),
        ("[[rules]]\nname = 'x y'\nwhen = {failures = 1}\naction = 'stop'", "letters"),
        ("[[rules]]\nname = 'x'\nwhen = {failures = 1}\naction = 'allow'", "action must be"),
        ("[[rules]]\nname = 'x'\nwhen = {}\naction = 'stop'", "when must name"),
        ("[[rules]]\nname = 'x'\nwhen = {moon = 1}\naction = 'stop'", "no signal moon"),
        ("[[rules]]\nname = 'x'\nwhen = {failures = 0}\naction = 'stop'", "a whole number"),
        ("[[rules]]\nname = 'x'\nwhen = {failures = true}\naction = 'stop'", "a whole number"),
        ("[[rules]]\nname = 'x'\nwhen = {new_browser = 1}\naction = 'stop'", "takes true"),
        ("[[rules]]\nname = 'x'\nwhen = {new_browser = false}\naction = 'stop'", "takes true"),
        ("[[rules]]\nname = 'x'\nwhen = {failures = 1}\naction = 'captcha'", "not known yet"),
        ("not toml", "="),
    ],
)
def test_a_wrong_table_stops_the_start_and_says_what_is_wrong(
    tmp_path: Path, text: str, said: str
) -> None:
    table = tmp_path / "risk.toml"
    table.write_text(text)

    with pytest.raises(SettingsError, match=said):
        rules.load(table)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "risk.toml"
    table.write_text("[[rules]]\nname = 'x'\nwhen = {failures = 1}\naction = 'stop'\n" * 2)

    with pytest.raises(SettingsError, match="rule 2: there is another rule named x"):
        rules.load(table)
