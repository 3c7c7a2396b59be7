"""``guardian``: who answers for a child, where the guardian there was no longer does."""

import click

from idp import guardians
from idp.audit import context
from idp.commands.opening import opened
from idp.staff import Act

guardian = click.Group("guardian", help="Guardians of children under fourteen.")
HALL = context.Context(channel="hall", role="clerk")


@guardian.command()
@click.argument("account_id")
@click.option("--officer", required=True, help="Your staff number; it is recorded.")
@click.option("--reason", required=True, help="Kept in the audit trail; no personal data.")
def end(account_id: str, officer: str, reason: str) -> None:
    """End the consent for the child ACCOUNT_ID: its guardian has died, or another was appointed.

    The child's verified name counts no more until another guardian agrees.
    """
    with opened(), context.use(HALL):
        guardians.end_for(account_id, Act.by(officer, reason))
    click.echo(f"Nobody answers for {account_id} any more; another guardian may agree now.")
