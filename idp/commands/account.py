"""``account``: stopping an account, and giving it back."""

import click

from idp import standing
from idp.audit import context
from idp.commands.opening import opened
from idp.sms import numbers

account = click.Group("account", help="Find an account, stop it, or give it back.")
OPERATOR = context.Context(channel="command", role="operator")


@account.command()
@click.option("--phone", prompt="Phone number", hide_input=True, help="Asked for when left out.")
def find(phone: str) -> None:
    """The id and state of the account a number belongs to; the search is recorded.

    Leave --phone out: a command line stays in the shell's history.
    """
    with opened(), context.use(OPERATOR):
        found = standing.look_up(numbers.normalise(phone))
        if found is None:
            raise click.ClickException("No account has this number.")
        click.echo(f"{found.id}  {found.status}  opened {found.created_at:%Y-%m-%d}")


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
