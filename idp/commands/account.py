"""``account``: stopping an account, and giving it back."""

import click

from idp import standing
from idp.audit import context
from idp.commands.opening import opened

account = click.Group("account", help="Stop an account, or give it back.")
OPERATOR = context.Context(channel="command", role="operator")


@account.command()
@click.argument("account_id")
@click.option("--reason", required=True, help="Kept in the audit trail; no personal data.")
def stop(account_id: str, reason: str) -> None:
    """End every session and token of ACCOUNT_ID at once, and let nobody in."""
    with opened(), context.use(OPERATOR):
        standing.stop_account(account_id, reason)
    click.echo(f"{account_id} is stopped.")


@account.command()
@click.argument("account_id")
@click.option("--reason", required=True, help="Kept in the audit trail; no personal data.")
def restore(account_id: str, reason: str) -> None:
    """Let the holder of ACCOUNT_ID sign in again."""
    with opened(), context.use(OPERATOR):
        standing.restore_account(account_id, reason)
    click.echo(f"{account_id} may sign in again.")
