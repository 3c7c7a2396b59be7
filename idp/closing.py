"""The end of the waiting time of an account whose number has gone (DESIGN §3)."""

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.store import numbers


def close_if_due(account_id: str) -> bool:
    """Close the account unless its holder came back; harmless to repeat."""
    if not numbers.close_if_due(account_id):
        return False
    audit.record(events.AccountStopped(target=account_id, reason="number_lost_closed"))
    sessions.end_all(account_id, reason="account_closed", keep_offline=False)
    return True
