"""Failed sign-ins in the audit trail: streamed, because anybody can cause them."""

from idp.audit import events
from idp.audit import log as audit
from idp.store import buckets
from idp.store.sms import append_audit


def failed(account_id: str, method: str, reason: str) -> None:
    """``reason`` is a code of the error catalogue; an unknown name leaves ``account_id`` empty."""
    event = events.SignInFailed(account=account_id, method=method, reason=reason)
    append_audit(buckets.draw(), audit.entry(event))
