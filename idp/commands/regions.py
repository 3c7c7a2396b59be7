"""``regions``: which region an address is in, by a table made from a file."""

from datetime import datetime
from pathlib import Path

import click

from idp import settings
from idp.commands.opening import FOR_PEOPLE
from idp.places import Regions
from idp.places.importing import BadLine, import_file

regions = click.Group("regions", help="Regions by address range, to know an unusual place.")


@regions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Make the table from FILE: ip2region's text, or CSV; running processes read it at once."""
    into = settings.load(**FOR_PEOPLE).regions_file
    try:
        done = import_file(file, into)
    except (BadLine, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}. The table there was stays.") from None
    click.echo(f"{done.ranges} ranges of {done.regions} regions are in {into}.")


@regions.command()
@click.argument("address")
def find(address: str) -> None:
    """What the table says of ADDRESS."""
    found = Regions(settings.load(**FOR_PEOPLE).regions_file)
    click.echo(found.of(address) or "unknown")


@regions.command()
def status() -> None:
    """Whether there is a table, from what and when."""
    click.echo(said(Regions(settings.load(**FOR_PEOPLE).regions_file)))


def said(found: Regions) -> str:
    """One sentence for ``status`` and ``doctor``."""
    table = found.table()
    if table is None:
        return f"Regions: {found.problem()}; no sign-in comes from an unusual place."
    made = table.made_at.astimezone().strftime("%Y-%m-%d")
    age = (datetime.now(table.made_at.tzinfo) - table.made_at).days
    return f"Regions: {sum(table.counts)} ranges from {table.source}, made {made}, {age} days ago."
