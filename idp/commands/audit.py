"""``audit``: prove the trail, hand it out."""

import sys
from datetime import UTC, datetime
from typing import BinaryIO, TextIO

import click

from idp.audit import log
from idp.commands.opening import opened

audit = click.Group("audit", help="Prove the audit trail, or hand it out.")
DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@audit.command()
@click.option("--heads", type=click.File(), help="A file of heads as the log wrote them.")
def verify(heads: TextIO | None) -> None:
    """Prove the trail whole, or name its first broken link."""
    logged = [line.strip() for line in heads] if heads else []
    with opened():
        verdict = log.verify(logged)
    if verdict.broken is None:
        click.echo(f"Whole: {verdict.checked} events, the last one is number {verdict.head}.")
        return
    broken = verdict.broken
    click.echo(f"BROKEN at {broken.seq or '-'} ({broken.event or 'no event'}): {broken.what}")
    sys.exit(1)


@audit.command()
@click.option("--since", type=DATE, help="From this day on (UTC).")
@click.option("--until", type=DATE, help="Before this day (UTC).")
@click.option("--to", "output", type=click.File("wb"), default="-", help="A file.")
def export(since: datetime | None, until: datetime | None, output: BinaryIO) -> None:
    """Write the events, a JSON object a line, in the order of the chain."""
    with opened():
        for line in log.export(_utc(since), _utc(until)):
            output.write(line)


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None
