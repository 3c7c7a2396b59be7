"""``organisation``: legal persons as their certificates say, by credit code."""

import click

from idp import mandates
from idp.audit import context
from idp.commands.opening import opened
from idp.organisations import uscc
from idp.staff import Act
from idp.store import organisations as store

organisation = click.Group(
    "organisation", help="Organisations and who acts for them: renamed, dissolved, represented."
)
HALL = context.Context(channel="hall", role="clerk")
OFFICER = click.option("--officer", required=True, help="Your staff number; it is recorded.")
REASON = click.option("--reason", required=True, help="Kept in the audit trail; no personal data.")


@organisation.command("list")
@click.option("--limit", default=50, show_default=True)
@click.option("--after", default="", help="The code after which to go on.")
def list_(limit: int, after: str) -> None:
    """Organisations by credit code."""
    with opened():
        for each in store.page(after, limit):
            click.echo(f"{each.code}  {each.kind}  {each.status}  {each.name}")


@organisation.command()
@click.argument("code")
def show(code: str) -> None:
    """The organisation and its mandates; people by their account ids."""
    with opened():
        found = store.by_code(code)
        if found is None:
            raise mandates.NoSuchOrganisation
        click.echo(f"{found.code}  {found.name}  {found.kind}  {found.status}")
        click.echo(f"  verified {found.verified_at:%Y-%m-%d}  {found.method}  {found.reference}")
        for each in store.mandates_under(found.id):
            until = f"{each.ends_at:%Y-%m-%d}" if each.ends_at else "no end"
            click.echo(
                f"  {each.id}  {each.kind}  {each.state}  {each.account_id or '-'}  "
                f"{','.join(each.functions)}  {until}"
            )


@organisation.command()
@click.argument("code")
@click.option("--name", required=True, help="As its certificate writes it.")
@click.option("--account", required=True, help="Its legal representative's; it needs ial3.")
@OFFICER
@REASON
def register(code: str, name: str, account: str, officer: str, reason: str) -> None:
    """Bind CODE, which no register knows, to the legal representative on its certificate."""
    with opened(), context.use(HALL):
        read = uscc.read(code)
        act = Act.by(officer, reason)
        found = mandates.register(read.code, name, read.kind, account, act)
        click.echo(f"{found.code} is represented by {account}.")


@organisation.command()
@click.argument("code")
@click.option("--name", required=True, help="As the new certificate writes it.")
@OFFICER
@REASON
def rename(code: str, name: str, officer: str, reason: str) -> None:
    """Give CODE its new name. Portals hear it with the next claims they are told."""
    with opened(), context.use(HALL):
        found = mandates.rename(code, name, Act.by(officer, reason))
        click.echo(f"{found.code} is now called {found.name}.")


@organisation.command()
@click.argument("code")
@OFFICER
@REASON
def dissolve(code: str, officer: str, reason: str) -> None:
    """CODE is no more. Every mandate and every session under one ends."""
    with opened(), context.use(HALL):
        mandates.dissolve(code, Act.by(officer, reason))
    click.echo(f"{code} is dissolved; nobody acts for it any more.")


@organisation.command()
@click.argument("code")
@click.option("--account", default="", help="Whose account takes the place; it needs ial3.")
@OFFICER
@REASON
def replace(code: str, account: str, officer: str, reason: str) -> None:
    """CODE has another legal representative. What the one before granted ends.

    Without --account the place is free for whoever the register names.
    """
    with opened(), context.use(HALL):
        mandates.replace(code, account, Act.by(officer, reason))
    click.echo(f"{code} is represented by {account or 'nobody yet'}.")
