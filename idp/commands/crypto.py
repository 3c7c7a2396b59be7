"""``crypto``: the master keys personal data is sealed under."""

import sys
import time

import click
import flask

from idp.commands.opening import opened
from idp.crypto.keyring import KeyRing
from idp.crypto.suites import SUITES
from idp.store import rekeying

crypto = click.Group("crypto", help="The master keys personal data is sealed under.")


@crypto.command("list")
def list_() -> None:
    """Each master key, and how many values need it."""
    with opened() as app:
        ring = _ring(app)
        for kid, users in rekeying.users(ring.kids).items():
            mark = "current" if kid == ring.current else ""
            suite = ring.suite_of(kid).name
            click.echo(f"{kid}  {suite}  {users} rows  {mark}".rstrip())


@crypto.command()
@click.option("--suite", type=click.Choice(list(SUITES)), help="Default: that of the current key.")
def add(suite: str | None) -> None:
    """Add a master key. Restart all processes, then activate it."""
    with opened() as app:
        ring = _ring(app)
        kid = ring.add(suite or ring.suite_of(ring.current).name)
    click.echo(f"{kid} added. Restart every process, then run `crypto activate {kid}`.")


@crypto.command()
@click.argument("kid")
def activate(kid: str) -> None:
    """Write new values under KID."""
    with opened() as app:
        _ring(app).activate(kid)
    click.echo(f"{kid} is current. Restart every process, then run `crypto rekey`.")


@crypto.command()
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=rekeying.BATCH,
    show_default=True,
    help="Rows of one transaction.",
)
def rekey(batch: int) -> None:
    """Re-seal everything under the current key. Safe beside traffic; may be stopped and resumed."""
    with opened():
        pace = _Pace(rekeying.remaining())
        stuck: dict[rekeying.Stuck, None] = {}
        for done in rekeying.rekey(batch):
            stuck |= dict.fromkeys(done.stuck)
            pace.count(done)
        click.echo(f"{pace.said}, {rekeying.remaining()} remain.")
    for each in stuck:
        click.echo(f"{each.table} {'/'.join(map(str, each.key))}: {each.why}", err=True)
    if stuck:
        sys.exit(1)


class _Pace:
    """How far it is, said now and then."""

    _EVERY = 5.0

    def __init__(self, rows: int):
        self._rows, self._changed = rows, 0
        self._began = self._spoke = time.monotonic()

    @property
    def said(self) -> str:
        seconds = time.monotonic() - self._began
        speed = self._changed / max(seconds, 0.001)
        return f"{self._changed} rows re-sealed in {seconds:.1f} s ({speed:.0f} rows/s)"

    def count(self, batch: rekeying.Batch) -> None:
        self._changed += batch.changed
        if time.monotonic() - self._spoke >= self._EVERY:
            self._spoke = time.monotonic()
            left = max(0, self._rows - self._changed)
            click.echo(f"{batch.table}: {self.said}, about {left} to go")


@crypto.command()
@click.argument("kid")
@click.confirmation_option(prompt="Refresh tokens given out under it end. Go on?")
def drop(kid: str) -> None:
    """Forget KID for good, once nothing in SQL needs it; wait `tokens.refresh` for the rest."""
    with opened() as app:
        if users := rekeying.users([kid])[kid]:
            raise click.ClickException(f"{users} rows still need {kid}; run `crypto rekey` first.")
        _ring(app).drop(kid)
    click.echo(f"{kid} is gone.")


def _ring(app: flask.Flask) -> KeyRing:
    ring: KeyRing = app.extensions["sealer"].ring
    return ring
