"""``python -m bench.scale``: fill a database with people, and measure the node on it."""

import json
import os
import shutil
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import create_engine, make_url, text

from bench.scale import filling, measuring, sizing, switching
from bench.scale.engines import running as started
from bench.scale.ledger import NotOurs
from bench.whole import machine
from idp import settings
from idp.commands.opening import FOR_PEOPLE, said_plainly
from idp.commands.supervising import told_to_stop

_FEW = 10_000
"""What everything is compared with."""
_SECONDS = 20.0
_USUAL = sizing.Assumptions()


@click.group(help="Fill a database with invented people, and measure what the node costs then.")
def scale() -> None:
    pass


@scale.command()
@click.option("--accounts", type=int, required=True, help="How many there are to be.")
@click.option("--database", required=True, help="postgresql+psycopg://… or sqlite:///…; its own.")
@click.option("--processes", type=int, default=os.cpu_count() or 1, show_default="one a core")
def fill(accounts: int, database: str, processes: int) -> None:
    """Invent people until there are ACCOUNTS; go on where a fill was stopped.

    Sealed with the master keys of the node whose settings are in force (HUTONG_VAR_DIR).
    """
    try:
        with said_plainly():
            click.echo(filling.fill(filling.load(database), accounts, processes).said)
    except (filling.Refused, NotOurs) as problem:
        raise click.ClickException(str(problem)) from None


@scale.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=False))
def engines(directory: Path) -> None:
    """Start PostgreSQL and Redis with data in DIRECTORY, until Ctrl-C; then delete it."""
    told = told_to_stop()
    with started(directory) as (database, redis):
        click.echo(f"database {database}\nredis {redis}")
        told.wait()


@scale.command()
@click.option("--database", "databases", multiple=True, required=True, help="Filled ones; repeat.")
@click.option(
    "--directory", type=click.Path(path_type=Path), required=True, help="A new one, for the nodes."
)
@click.option("--rounds", type=int, default=10, show_default=True, help="On each, in turn.")
@click.option("--seconds", type=float, default=_SECONDS, show_default=True, help="Of 64 at a time.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where JSON goes.")
def measure(
    databases: tuple[str, ...], directory: Path, rounds: int, seconds: float, out: Path
) -> None:
    """Start a node on each database and measure them side by side, a round on each in turn."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nodes are stopped on the way out
    _measured(list(databases), directory, rounds, seconds, out)


@scale.command("all")
@click.argument("directory", type=click.Path(path_type=Path, exists=False))
@click.option("--accounts", type=int, default=10_000_000, show_default=True)
@click.option("--rounds", type=int, default=8, show_default=True)
def everything(directory: Path, accounts: int, rounds: int) -> None:
    """Invent 10 000 and ACCOUNTS people, measure the node on both, say what it means.

    DIRECTORY keeps the results; the engines' data go when it is over.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = directory.resolve()
    directory.mkdir(parents=True)
    os.environ["HUTONG_ENVIRONMENT"] = "development"
    os.environ["HUTONG_VAR_DIR"] = str(directory / "node")
    results = directory / "results.json"
    with started(directory / "engines") as (database, _redis):
        urls = [_database_of_its_own(database, f"people_{n}") for n in (_FEW, accounts)]
        for url, count in zip(urls, (_FEW, accounts), strict=True):
            click.echo(filling.fill(filling.load(url), count, os.cpu_count() or 1).said, err=True)
        _measured(urls, directory / "nodes", rounds, _SECONDS, results)
    click.echo("\n".join(sizing.tables(json.loads(results.read_text("utf-8")), _USUAL)))


@scale.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=False))
@click.option("--accounts", type=int, default=1_000_000, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=switching.ROOT / "bench" / "results" / "switch.json",
    help="Where JSON goes; default: bench/results/switch.json.",
)
def switch(directory: Path, accounts: int, out: Path) -> None:
    """Invent ACCOUNTS people with real names, re-key all of them to the other suite and back.

    Each time the command is killed (SIGKILL) half-way, and another one goes on. DIRECTORY is new,
    and gone when it is over.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ["HUTONG_ENVIRONMENT"] = "development"
    directory = directory.resolve()
    os.environ["HUTONG_VAR_DIR"] = str(directory / "node")
    try:
        with started(directory / "engines") as (database, redis), said_plainly():
            configured = filling.load(database, redis)
            click.echo(filling.fill(configured, accounts, os.cpu_count() or 1).said, err=True)
            switching.identify(configured)
            found = []
            for switched in switching.switch(configured, kill=True):
                click.echo(switched.said)
                found.append(asdict(switched))
        about = {"at": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
        record = {**about, "accounts": accounts, "switches": found}
        out.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _database_of_its_own(server: str, name: str) -> str:
    url = make_url(server)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def _measured(
    databases: list[str], directory: Path, rounds: int, seconds: float, out: Path
) -> None:
    with said_plainly():
        keys = settings.load(**FOR_PEOPLE).keys_file.resolve()
        found: dict[str, object] = {}
        for name, value in measuring.measure(databases, directory, keys, rounds, seconds):
            found[name] = value
            out.write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
            click.echo(f"{name}: written", err=True)


@scale.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True))
def size(results: Path) -> None:
    """Say as Markdown what RESULTS mean for a million, a hundred million, a billion accounts."""
    found = json.loads(results.read_text("utf-8"))
    click.echo("\n".join(sizing.tables(found, _USUAL)))


if __name__ == "__main__":
    scale(prog_name="python -m bench.scale")
