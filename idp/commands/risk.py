"""``risk``: the rules in force, and the signals they may name."""

import click

from idp import settings
from idp.commands.opening import FOR_PEOPLE
from idp.risk import rules


@click.command(help="Check the table of risks, and list its rules and all signals.")
def risk() -> None:
    configured = settings.load(**FOR_PEOPLE)
    table = rules.load(configured.risk.rules)
    click.echo(f"{configured.risk.rules}:")
    for rule in (*table.early, *table.late):
        when = " and ".join(_condition(*each) for each in rule.when.items())
        click.echo(f"  {rule.name}: {when}: {rule.action.name.lower()}")
    click.echo("Signals:")
    for name, signal in rules.SIGNALS.items():
        click.echo(f"  {name}: {signal.meaning}")


def _condition(signal: str, threshold: int) -> str:
    if rules.SIGNALS[signal].yes_or_no:
        return signal
    return f"{signal} {'<=' if rules.SIGNALS[signal].at_most else '>='} {threshold}"
