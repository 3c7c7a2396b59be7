"""``demo``: hands over to the demo, which lives outside the provider and wraps it."""

import os
import sys
from importlib.util import find_spec

import click


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Start a node, four portals and the fake phone, on this machine only."""
    if find_spec("demo") is None:
        raise click.ClickException("This installation has no demo; it is not part of production.")
    os.execv(sys.executable, [sys.executable, "-m", "demo", *arguments])  # noqa: S606
