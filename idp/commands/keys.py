"""``keys``: what the node signs with."""

from pathlib import Path

import click
import flask

from idp.audit import context
from idp.commands.opening import opened
from idp.crypto.keyring import PRODUCTION, KeyRing
from idp.keys import LANES, SigningKeys

keys = click.Group("keys", help="The keys this node signs with, and its master keys' file.")

_MEANINGS = {
    "next": "published, signs from {from_:%Y-%m-%d %H:%M} UTC",
    "current": "signs since {from_:%Y-%m-%d %H:%M} UTC",
    "retired": "still published until {until:%Y-%m-%d %H:%M} UTC",
}


@keys.command()
def rotate() -> None:
    """Publish a new key for each algorithm; it begins to sign after the overlap."""
    with opened() as app, context.use(context.Context(channel="command", role="operator")):
        _signing(app).rotate()
        _print(app)


@keys.command()
@click.argument("lane", type=click.Choice(tuple(LANES)))
@click.confirmation_option(prompt="Portals that keep our keys fail until they fetch them. Go on?")
def replace(lane: str) -> None:
    """A key of LANE has leaked: a new one signs at once, and the others are gone."""
    with opened() as app, context.use(context.Context(channel="command", role="operator")):
        _signing(app).replace(lane)
        _print(app)


@keys.command("list")
def list_() -> None:
    """Each key, its state and its times."""
    with opened() as app:
        _print(app)


@keys.command()
@click.argument("path", type=click.Path(path_type=Path))
def create(path: Path) -> None:
    """Make the file of master keys a production node needs. Keep a copy offline."""
    if path.exists():
        raise click.ClickException(f"{path} exists already; it is never overwritten.")
    ring = KeyRing.create(path.absolute(), made_for=PRODUCTION)
    click.echo(f"{ring.path} holds the key {ring.current}; name it in keys.file.")


def _print(app: flask.Flask) -> None:
    for view in _signing(app).views():
        meaning = _MEANINGS[view.state].format(from_=view.signs_from, until=view.published_until)
        click.echo(f"{view.lane}  {view.kid}  {view.state:<8} {meaning}")


def _signing(app: flask.Flask) -> SigningKeys:
    found: SigningKeys = app.extensions["idp"].keys
    return found
