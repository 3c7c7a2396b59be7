"""``identity``: an account's real name: look at it, lower its level, take it away."""

import click

from idp import assurance, identities, staff, standing
from idp.audit import context
from idp.commands.opening import opened
from idp.crypto import masking
from idp.store import identities as store

identity = click.Group("identity", help="The verified name of an account: show, lower, take away.")
OPERATOR = context.Context(channel="command", role="operator")
OFFICER = click.option("--officer", required=True, help="Your staff number; it is recorded.")
REASON = click.option(
    "--reason",
    required=True,
    help="Kept in the audit trail, and shown to the holder; no personal data of anybody else.",
)


@identity.command()
@click.argument("account_id")
@OFFICER
def show(account_id: str, officer: str) -> None:
    """The name and the document, masked, and who confirmed them when. That you looked is recorded,
    and the holder sees it.
    """
    with opened(), context.use(OPERATOR):
        found = standing.read_identity(account_id, officer)
        if found is None:
            raise click.ClickException("This account has no verified name.")
        number = masking.id_number(found.number)
        click.echo(f"{masking.name(found.real_name)}  {found.kind}  {number}")
        for each in store.evidence_of(found):
            mark = "" if each.counts else "  counts no more"
            click.echo(f"  {each.at:%Y-%m-%d}  ial{each.ial}  {each.method}  {each.verifier}{mark}")


@identity.command()
@click.argument("account_id")
@click.option("--ial", type=click.Choice(list(assurance.TABLE["ial"])[:-1]), required=True)
@OFFICER
@REASON
def lower(account_id: str, ial: str, officer: str, reason: str) -> None:
    """Let evidence above IAL count no more. Sessions of ACCOUNT_ID end, and the holder is told."""
    with opened(), context.use(OPERATOR):
        act = staff.Act.by(officer, reason)
        identities.lower(account_id, int(ial), act.reason, officer=act.officer)
    click.echo(f"{account_id} stands at ial{ial} at most.")


@identity.command("take-away")
@click.argument("account_id")
@OFFICER
@REASON
def take_away(account_id: str, officer: str, reason: str) -> None:
    """The name was not the holder's own. Sessions of ACCOUNT_ID end; the account stays, and the
    holder is told.
    """
    with opened(), context.use(OPERATOR):
        act = staff.Act.by(officer, reason)
        identities.take_away(account_id, act.reason, officer=act.officer)
    click.echo(f"{account_id} has no verified name any more.")
