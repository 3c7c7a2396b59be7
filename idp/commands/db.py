"""``db``: the schema."""

import click

from idp import settings
from idp.commands.opening import FOR_PEOPLE, with_engines
from idp.store import migrations

db = click.Group("db", help="Bring the database's schema up to date.")


@db.command()
@click.argument("to", default="head")
def upgrade(to: str) -> None:
    """Apply what is pending. Safe while the previous release is running."""
    with with_engines(settings.load(**FOR_PEOPLE)):
        missing = migrations.pending()
        migrations.upgrade(to)
        click.echo(f"{len(missing)} applied; the database is at {migrations.current() or '-'}.")


@db.command()
def current() -> None:
    """Say where the database is and what is pending."""
    with with_engines(settings.load(**FOR_PEOPLE)):
        click.echo(f"at {migrations.current() or '- (empty)'}")
        for revision in migrations.pending():
            click.echo(f"pending {revision}")


@db.command()
@click.argument("message")
def migration(message: str) -> None:
    """Write the migration from the models to review and complete (for developers)."""
    with with_engines(settings.load(**FOR_PEOPLE)):
        click.echo(migrations.write(message))
