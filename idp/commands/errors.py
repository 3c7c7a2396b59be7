"""``errors``: the catalogue of what can go wrong."""

import click

import idp  # noqa: F401 - create_app knows every part: with it every error is defined
from idp.commands import documents
from idp.commands.settings import keep
from idp.settings import ROOT

errors = click.Group("errors", help="The catalogue of errors.")
DOCUMENT = ROOT / "docs" / "errors.md"


@errors.command()
@click.option("--check", "only_check", is_flag=True, help="Fail when the document is stale.")
def docs(*, only_check: bool) -> None:
    """Write docs/errors.md from the classes of all parts."""
    keep(DOCUMENT, documents.errors_page(), only_check=only_check)
