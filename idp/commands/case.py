"""``case``: what the staff decides, by the code on the citizen's slip."""

import click

from idp import cases, guardians
from idp.audit import context
from idp.commands.opening import opened
from idp.crypto import masking
from idp.realname.documents import BEIJING
from idp.store import cases as store

case = click.Group("case", help="What citizens brought to the hall, and what was decided.")
HALL = context.Context(channel="hall", role="clerk")
OFFICER = click.option("--officer", required=True, help="Your staff number; it is recorded.")


@case.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--after", default="", help="The code of the last case seen, to read on.")
@click.option("--kind", type=click.Choice(list(cases.KINDS)), default=None)
def list_(limit: int, after: str, kind: str | None) -> None:
    """Open cases, the oldest first; nothing personal is shown."""
    with opened():
        last = store.by_code(after) if after else None
        if after and last is None:
            raise cases.NoSuchCase
        found = store.waiting(limit, last.id if last else "", kind or "")
        for each in found:
            topic = f" ({each.stated['topic']})" if each.kind == cases.APPEAL else ""
            opened_at = each.opened_at.astimezone(BEIJING)
            click.echo(f"{each.code}  {each.kind}{topic}  {opened_at:%Y-%m-%d %H:%M}")
        click.echo(f"{store.count_waiting()} open.")
        if len(found) == limit:
            click.echo(f"Read on with --after {found[-1].code}")


@case.command()
@click.argument("code")
@OFFICER
def show(code: str, officer: str) -> None:
    """What the citizen stated, to be compared with the document. That you looked is recorded."""
    with opened(), context.use(HALL):
        found = cases.read(code, officer)
        last = found.valid_until.astimezone(BEIJING)
        click.echo(f"{found.code}  {found.kind}  valid until {last:%Y-%m-%d}")
        for name, value in found.stated.items():
            if name != "document" and (found.kind, name) != (cases.RECOVER, "topic"):
                click.echo(f"  {name}: {value}")
        for name, value in (cases.before(found) | guardians.appearing(found)).items():
            click.echo(f"  {name}: {value}")


@case.command()
@click.argument("code")
@OFFICER
@click.option("--confirm/--refuse", "confirmed", required=True, help="What you found.")
@click.option(
    "--in-person", is_flag=True, help="Of an appeal: the person stood here with the document."
)
@click.option(
    "--reason",
    default="",
    help="Required to refuse, for changes and for appeals; kept, and told when refused.",
)
def decide(code: str, officer: str, confirmed: bool, in_person: bool, reason: str) -> None:
    """Decide CODE: the person and the document in front of you are who the slip says, or not.

    Of a child under fourteen the guardian who has agreed is there as well, with the household
    register or another proof that they are the guardian.

    A change takes papers that lead from the old name or document to the new one: the household
    register, the old document; name them in --reason. Of a network credential there is no old name
    to compare: have the person sign in to the account in front of you.

    A confirmed recovery gives the account back, after a waiting time, with the number on the slip:
    have the person show you that the phone with that number is in their hand.

    A confirmed appeal does what was asked: the document goes to who appealed, whoever has it; the
    name that is not theirs is taken away; the stopped account is restored.
    """
    with opened(), context.use(HALL):
        outcome = cases.CONFIRMED if confirmed else cases.REFUSED
        decided = cases.decide(code, officer, outcome, reason, in_person=in_person)
        whose = masking.name(decided.stated.get("name", ""))
        click.echo(f"{decided.code} is decided: {outcome}. {whose}".rstrip())
