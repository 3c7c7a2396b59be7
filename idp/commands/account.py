"""``account``: stopping an account, and giving it back."""

import click

from idp import merging, staff, standing, stops
from idp.audit import context
from idp.commands.opening import opened
from idp.sms import numbers
from idp.store import merges

account = click.Group("account", help="Find an account, stop it, or give it back.")
OPERATOR = context.Context(channel="command", role="operator")
OFFICER = click.option("--officer", required=True, help="Your staff number; it is recorded.")
REASON = click.option("--reason", required=True, help="Kept in the audit trail; no personal data.")


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
@click.option("--why", type=click.Choice(list(stops.KINDS)), default=stops.OTHER, show_default=True)
@OFFICER
@REASON
def stop(account_id: str, why: str, officer: str, reason: str) -> None:
    """End every session and token of ACCOUNT_ID at once, and let nobody in."""
    with opened(), context.use(OPERATOR):
        made = stops.stop(account_id, why, staff.Act.by(officer, reason))
        click.echo(f"{account_id} is stopped, under the number {made.code}.")


@account.command()
@click.argument("account_id")
@OFFICER
@REASON
def restore(account_id: str, officer: str, reason: str) -> None:
    """Let the holder of ACCOUNT_ID sign in again."""
    with opened(), context.use(OPERATOR):
        stops.lift(account_id, staff.Act.by(officer, reason))
    click.echo(f"{account_id} may sign in again.")


@account.command("merges")
@click.argument("account_id")
def merges_(account_id: str) -> None:
    """What ACCOUNT_ID went into or was made from, and until when it can be undone."""
    with opened():
        for each in merges.of(account_id):
            state = "undone" if each.undone_at else "final"
            if each.undoable:
                state = f"can be undone until {each.undo_until:%Y-%m-%d %H:%M}"
            click.echo(
                f"{each.id}  {each.gone_id} into {each.kept_id}  {each.at:%Y-%m-%d}  {state}"
            )


@account.command("undo-merge")
@click.argument("merge_id")
@OFFICER
@REASON
def undo_merge(merge_id: str, officer: str, reason: str) -> None:
    """Make two accounts of MERGE_ID again; both are told, and sign in anew."""
    with opened(), context.use(OPERATOR):
        undone = merging.undo_for(merge_id, staff.Act.by(officer, reason))
        for what in undone.lost:
            click.echo(f"Could not be given back: {what}.")
    click.echo(f"{merge_id} is undone.")
