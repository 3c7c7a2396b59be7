"""The risk of a sign-in whose proof was good, judged once on its way and kept until its end."""

from idp import assurance, interactions, proofs
from idp.audit import events
from idp.audit import log as audit
from idp.interactions import Interaction
from idp.login.methods import METHODS
from idp.risk import around, facts
from idp.risk.rules import Action, decide
from idp.services import services
from idp.store import buckets
from idp.store.accounts import Account
from idp.store.sms import append_audit
from idp.web import metrics, people

_RISK = "risk"


def judge(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> Interaction:
    """Find what the table wants of this sign-in, and write down which of its rules do."""
    decision = decide(facts.gather(account, amr, people.here()), around.table.late)
    if decision.action is Action.ALLOW:
        kept = interaction.result.get(_RISK)
        return interactions.note(interaction, **{_RISK: None}) if kept else interaction
    _write_down(decision.action, decision.reasons, amr[0], account.id)
    found = {"account": account.id, "action": decision.action.value}
    return interactions.note(interaction, **{_RISK: found})


def wanted(interaction: Interaction, account: Account) -> Action:
    """What ``judge`` found on this way for this account."""
    found = interaction.result.get(_RISK)
    if not found or found["account"] != account.id:
        return Action.ALLOW
    return Action(found["action"])


def another_factor(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> str:
    """A demand (``demands.DEMANDS``): of who can meet it here and now."""
    if wanted(interaction, account) is not Action.SECOND_FACTOR:
        return ""
    level = _level(account, amr)
    if level > 1:
        return ""
    names = (name for name in services.settings.login.methods if name in METHODS)
    able = (METHODS[name].from_services(services) for name in names)
    adds = any(m.offered_to(account) and _level(account, (*amr, *m.amr)) > level for m in able)
    return "risk" if adds else ""


def tells(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> bool:
    """Whether the person is to hear of the sign-in because it is risky."""
    action = wanted(interaction, account)
    alone = action is Action.SECOND_FACTOR and _level(account, amr) < 2  # noqa: PLR2004
    return alone or action is Action.NOTIFY


def captcha_asked(reasons: tuple[str, ...], method: str) -> None:
    """Write down why a check is asked for before the proof."""
    _write_down(Action.CAPTCHA, reasons, method, "")


def _write_down(action: Action, rules: tuple[str, ...], method: str, account_id: str) -> None:
    """Streamed, because anybody can cause it."""
    for rule in rules:
        metrics.risk(rule, action.name.lower())
    event = events.RiskFound(
        account=account_id,
        rules=rules,
        wanted=action.name.lower(),
        method=method,
        outcome="refused" if action is Action.STOP else "ok",
    )
    append_audit(buckets.draw(), audit.entry(event))


def _level(account: Account, amr: tuple[str, ...]) -> int:
    return assurance.aal_of(proofs.counted(account, {*amr}))
