"""``crypto``: the master keys personal data is sealed under."""

import click
import flask

from idp.commands.opening import opened
from idp.crypto.keyring import KeyRing
from idp.store import rekeying

crypto = click.Group("crypto", help="The master keys personal data is sealed under.")


@crypto.command("list")
def list_() -> None:
    """Each master key, and how many values need it."""
    with opened() as app:
        ring = _ring(app)
        for kid in ring.kids:
            mark = "current" if kid == ring.current else ""
            click.echo(f"{kid}  {rekeying.users(kid)} rows  {mark}".rstrip())


@crypto.command()
def add() -> None:
    """Add a master key. Restart all processes, then activate it."""
    with opened() as app:
        kid = _ring(app).add()
    click.echo(f"{kid} added. Restart every process, then run `crypto activate {kid}`.")


@crypto.command()
@click.argument("kid")
def activate(kid: str) -> None:
    """Write new values under KID."""
    with opened() as app:
        _ring(app).activate(kid)
    click.echo(f"{kid} is current. Restart every process, then run `crypto rekey`.")


@crypto.command()
def rekey() -> None:
    """Re-seal everything under the current key. Safe beside traffic; may be stopped and resumed."""
    with opened():
        total = 0
        for table, changed in rekeying.rekey():
            total += changed
            click.echo(f"{table}: {total} so far")
        click.echo(f"{total} rows re-sealed, {rekeying.remaining()} remain.")


@crypto.command()
@click.argument("kid")
def drop(kid: str) -> None:
    """Forget KID for good, once nothing needs it."""
    with opened() as app:
        if users := rekeying.users(kid):
            raise click.ClickException(f"{users} rows still need {kid}; run `crypto rekey` first.")
        _ring(app).drop(kid)
    click.echo(f"{kid} is gone.")


def _ring(app: flask.Flask) -> KeyRing:
    ring: KeyRing = app.extensions["sealer"].ring
    return ring
