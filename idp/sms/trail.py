"""What is left of a message once it is gone: a count, a line in the log, an audit event."""

import structlog

from idp.audit import log as audit
from idp.audit.events import CodeRefused, CodeSent, Event, SmsBudgetNear
from idp.crypto.sealing import Index
from idp.sms import metrics
from idp.store import buckets
from idp.store import sms as store

log = structlog.get_logger("idp.sms")

NEAR = 0.8


def sent(phone: Index, purpose: str, provider: str) -> None:
    metrics.SENT.labels(provider, "accepted").inc()
    _record(CodeSent(phone=phone, purpose=purpose, provider=provider))


def not_sent(phone: Index, purpose: str, reason: str) -> None:
    """Nobody took the message; ``reason`` is a code of the error catalogue."""
    _record(CodeRefused(outcome="failed", phone=phone, purpose=purpose, reason=reason))


def over_quota(phone: Index, purpose: str, reason: str) -> None:
    metrics.REFUSED.labels(reason).inc()
    log.info("sms_quota", reason=reason, purpose=purpose)
    _record(CodeRefused(phone=phone, purpose=purpose, reason=f"quota-{reason}"))


def not_accepted(phone: Index, purpose: str, reason: str) -> None:
    """Somebody entered another code than the one sent; ``reason`` is from the catalogue."""
    _record(CodeRefused(phone=phone, purpose=purpose, reason=reason))


def answered(provider: str, outcome: str, code: str) -> None:
    """A provider did not take a message; the person may still get it from another."""
    metrics.SENT.labels(provider, outcome).inc()
    log.warning("sms_not_taken", provider=provider, outcome=outcome, answer=code)


def misconfigured(provider: str, code: str) -> None:
    metrics.ALARMS.labels(provider, code).inc()
    log.error("sms_misconfigured", provider=provider, answer=code)


def spent(used: int, budget: int) -> None:
    """Say how much of the day's money is gone; raise the alarm once at each mark."""
    metrics.BUDGET.set(used / budget)
    if used not in {max(1, int(budget * NEAR)), budget}:
        return
    metrics.ALARMS.labels("budget", str(round(100 * used / budget))).inc()
    log.error("sms_budget", used=used, budget=budget)
    _record(SmsBudgetNear(sent=used, budget=budget))


def _record(event: Event) -> None:
    store.append_audit(buckets.draw(), audit.entry(event))
