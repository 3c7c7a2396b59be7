"""``settings``: what this node runs with."""

import sys
from pathlib import Path

import click

from idp import settings as source
from idp.commands import documents

settings = click.Group("settings", help="Look at the settings.")
DOCUMENT = source.ROOT / "docs" / "settings.md"


@settings.command()
def show() -> None:
    """Print every setting; secrets as asterisks."""
    click.echo(source.load().model_dump_json(indent=2))


@settings.command()
def check() -> None:
    """Say whether the settings make sense."""
    loaded = source.load()
    click.echo(f"The settings make sense for {loaded.environment}; issuer {loaded.issuer}.")


@settings.command()
@click.option("--check", "only_check", is_flag=True, help="Fail when the document is stale.")
def docs(*, only_check: bool) -> None:
    """Write docs/settings.md."""
    keep(DOCUMENT, documents.settings_page(), only_check=only_check)


def keep(path: Path, text: str, *, only_check: bool) -> None:
    """Write a generated document, or say that it is not what it should be."""
    same = path.exists() and path.read_text(encoding="utf-8") == text
    if only_check and not same:
        click.echo(f"{path.name} is stale: run `make docs`", err=True)
        sys.exit(1)
    if not only_check and not same:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
