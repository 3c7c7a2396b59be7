"""``doctor``: looks the node over and says in plain sentences what to do."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator

import click

from idp import settings
from idp.commands import regions
from idp.commands.opening import FOR_PEOPLE, opened
from idp.commands.worker import LOOPS
from idp.crypto import sm2
from idp.hearing import subscribing
from idp.passkeys import Site
from idp.places import Regions
from idp.sms import texts
from idp.store import clients, heartbeats, sources, streams
from idp.store import health as engines
from idp.store.types import now
from idp.web import health

CLOCK_TOLERANCE = 2.0
HEARTBEAT_TOLERANCE = 120.0
LEAST_DISK = 1 << 30
_TRIES = 3
"""Failures in a row that are more than a hiccup."""


@click.command(help="Look the node over; say what is wrong and what to do.")
def doctor() -> None:
    configured = settings.load(**FOR_PEOPLE)
    with opened(configured):
        found = list(_look_over(configured))
    click.echo(f"· {regions.said(Regions(configured.regions_file))}")
    for problem in found:
        click.echo(f"✗ {problem}")
    if found:
        sys.exit(1)
    click.echo("✓ Engines, schema, keys, clock, disk, worker and SMS are as they should be.")


def _look_over(configured: settings.Settings) -> Iterator[str]:
    yield from filter(None, health.check().values())
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        _redis_unknowns,
        _clock,
        _worker,
        lambda: _disk(configured),
        lambda: _sms(configured),
        lambda: _passkeys(configured),
        lambda: _algorithms(configured),
        lambda: _font(configured),
        lambda: _regions(configured),
        lambda: _signals(configured),
    )
    for check in checks:
        yield from check()


def _redis_unknowns() -> Iterator[str]:
    for name in engines.redis_unknowns():
        yield f"This Redis does not show {name}: make sure of it at whoever runs Redis."


def _clock() -> Iterator[str]:
    if (apart := abs(engines.redis_clock() - time.time())) > CLOCK_TOLERANCE:
        yield f"Our clock and Redis's are {apart:.0f} s apart: run NTP (chrony) on both machines."


def _worker() -> Iterator[str]:
    ages = heartbeats.ages()
    if not ages:
        yield "No worker was seen: run `python -m idp worker` (or `serve`, which includes it)."
    rests = {loop.name: loop.pause for loop in LOOPS}
    for name, age in ages.items():
        if age > rests.get(name, 0.0) + HEARTBEAT_TOLERANCE:
            yield f"The worker's loop {name} was last seen {age:.0f} s ago: look at its log."


def _signals(configured: settings.Settings) -> Iterator[str]:
    signals = configured.signals
    if late := streams.overdue(signals.overdue):
        yield f"{late} events wait for receivers that do not take them: see their outbox tries."
    for source in sources.all_of():
        if source.tries >= _TRIES:
            yield f"{source.transmitter} cannot be listened to: {source.problem}."
    since = now() - subscribing.SILENT * signals.heartbeat
    for source in sources.silent_since(since):
        yield f"{source.transmitter} has sent no event since {source.heard_at:%Y-%m-%d %H:%M} UTC."


def _disk(configured: settings.Settings) -> Iterator[str]:
    free = shutil.disk_usage(configured.var_dir).free
    if free < LEAST_DISK:
        yield f"Only {free >> 20} MiB are free at {configured.var_dir}: make room."


def _sms(configured: settings.Settings) -> Iterator[str]:
    names = configured.sms.providers
    if not names:
        yield "No SMS provider is configured: set sms.providers and the provider's table."
    if "outbox" in names:
        yield "Codes are written to var/outbox.jsonl and sent to nobody: fine for development."
    for name in names:
        if name != "outbox" and getattr(configured.sms, name, None) is None:
            yield f"sms.providers names {name}, but there is no table sms.{name}."
        yield from _untold(name, getattr(configured.sms, name, None))
    for name in configured.sms.callers:
        if getattr(configured.sms, name, None) is None:
            yield f"sms.callers names {name}, but there is no table sms.{name}."
    if len(names) == 1 and "outbox" not in names:
        yield "Only one SMS provider is configured: without a second one its failure is ours."


def _untold(name: str, table: object) -> Iterator[str]:
    """The notices a provider that takes templates would not send."""
    templates = getattr(table, "notices", None)
    if templates is None:
        return
    if missing := [notice for notice in texts.NOTICES if notice not in templates]:
        yield (
            f"{name} has no template for {', '.join(missing)}: have them approved there, "
            f"and set sms.{name}.notices."
        )


def _passkeys(configured: settings.Settings) -> Iterator[str]:
    if "passkey" in configured.login.methods and not Site.of(configured).rp_id:
        yield (
            "Passkeys need a name, and issuer is an address: give the node a name, or take "
            "passkey out of login.methods."
        )


def _algorithms(configured: settings.Settings) -> Iterator[str]:
    if configured.keys.sm2:
        return
    for client in clients.all_clients():
        if client.id_token_signed_response_alg == sm2.ALG:
            yield f"{client.client_id} asks for {sm2.ALG}: turn keys.sm2 on, or change its alg."


def _regions(configured: settings.Settings) -> Iterator[str]:
    """Without a table a node is whole; with one that cannot be read, somebody believes in it."""
    if configured.regions_file.exists() and (problem := Regions(configured.regions_file).problem()):
        yield f"{problem}: import it again (`python -m idp regions import FILE`)."


def _font(configured: settings.Settings) -> Iterator[str]:
    font = configured.rights.pdf_font
    if not font.is_file():
        yield (
            f"Nobody can take their information along as a PDF: {font} is not there. Install "
            "Debian's fonts-noto-cjk, or set rights.pdf_font."
        )
