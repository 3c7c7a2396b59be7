"""``levels``: the scales of assurance, and what other schemes call them."""

import click

from idp.commands import documents
from idp.commands.settings import keep
from idp.settings import ROOT

levels = click.Group("levels", help="The levels of assurance.")
DOCUMENT = ROOT / "docs" / "levels.md"


@levels.command()
def show() -> None:
    """Every level: what reaches it, and what other schemes call it."""
    click.echo(documents.levels_page(), nl=False)


@levels.command()
@click.option("--check", "only_check", is_flag=True, help="Fail when the document is stale.")
def docs(*, only_check: bool) -> None:
    """Write docs/levels.md from config/levels.toml."""
    keep(DOCUMENT, documents.levels_page(), only_check=only_check)
