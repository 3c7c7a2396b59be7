"""Putting a new password in place of a forgotten one, and ending what the old one opened."""

from idp import notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.services import services
from idp.sessions import AccountStopped
from idp.store import accounts, throttles


def hashed(password: str) -> str:
    return services.passwords.hash(password)


def reset(account_id: str, password_hash: str) -> None:
    """Commit the new password; every session of the account ends, and its person is told."""
    account = accounts.by_id(account_id)
    if account is None or not account.active:
        raise AccountStopped
    accounts.give_password(account, password_hash, services.settings.login.password_settles)
    accounts.prove_number(account)
    audit.record(events.PasswordReset(account=account_id))
    notices.warn(account, "password_reset")
    sessions.end_all(account_id, reason="password_reset", keep_offline=False)
    limit = services.settings.login.account_failures
    throttles.clear(throttles.everybody(account_id, limit))
