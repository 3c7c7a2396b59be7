"""What the audit trail says of mandates."""

from collections.abc import Callable

from idp.audit import events
from idp.audit import log as audit
from idp.store.organisations import Mandate


def record(
    kind: Callable[..., events.Event], account_id: str, mandate: Mandate, reason: str = ""
) -> None:
    """In the caller's transaction."""
    audit.record(
        kind(
            account=account_id,
            acting_for=mandate.organisation_id,
            mandate=mandate.id,
            organisation=mandate.organisation_id,
            target=mandate.account_id or "",
            reason=reason,
        )
    )
