"""``worker``: what happens behind the pages: messages, audit, deliveries, clearing away."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import click
import flask
import structlog

from idp import cases, homes, settings
from idp.audit import log as audit
from idp.commands.opening import opened
from idp.commands.supervising import told_to_stop
from idp.hearing import subscribing
from idp.services import services
from idp.signals import deliveries, telling
from idp.sms import queue
from idp.store import heartbeats, tidying, trust_epoch
from idp.store.engines import db
from idp.trust import directory, upkeep

_log = structlog.get_logger("idp.worker")

_SOON, _POLL, _MINUTE, _HOURLY = 2.0, 15.0, 60.0, 3600.0
_BLOCK_MS = 1000
_LONGEST_PAUSE = 30.0
_GRACE = 12.0


@dataclass(frozen=True)
class Loop:
    """One kind of work, and its pause: taken after rounds that found nothing more to do."""

    name: str
    work: Callable[[], int | None]
    """Says how much may be left; 0 or None for nothing."""
    pause: float


def _keep_the_audit() -> None:
    """All there is, then a rest: on a busy node more has come by the end of every round, and
    a round that looks into 256 streams for a handful of events costs what a thousand do."""
    audit.copy_streams()
    audit.chain()


def _keep_trusted() -> None:
    if services.trust.on:
        upkeep.refresh_marks(services.trust, services.outbound, services.settings.federation)
        if services.settings.federation.relying_party:
            directory.refresh(services.trust, services.outbound)
            homes.end_untrusted()
            subscribing.look_after()


@dataclass
class _AsTrustChanges:
    """Who is not trusted any more is not waited for till the next round of everything."""

    epoch: int | None = None

    def __call__(self) -> None:
        latest = trust_epoch.current()
        if self.epoch not in {None, latest} and services.settings.federation.relying_party:
            homes.end_untrusted()
        self.epoch = latest


def _listen() -> int:
    return subscribing.fetch() if services.trust.on else 0


def _show_alive() -> None:
    signals = services.settings.signals
    telling.heartbeat(services.settings.issuer, signals.heartbeat)
    db.session.commit()


LOOPS = (
    Loop("sms", lambda: queue.work_once(_BLOCK_MS), 0.0),
    Loop("deliveries", deliveries.deliver_due, 0.25),
    Loop("audit", _keep_the_audit, 1.0),
    Loop("federation", _keep_trusted, _MINUTE),
    Loop("trust", _AsTrustChanges(), _SOON),
    Loop("listening", _listen, _POLL),
    Loop("heartbeat", _show_alive, _SOON),
    Loop("retention", lambda: audit.cut(settings.current.audit.retention), _HOURLY),
    Loop("cases", cases.lapse, _HOURLY),
    Loop("tidying", lambda: tidying.tidy(settings.current.retention), _HOURLY),
)


@click.command(help="Do the work behind the pages until told to stop. Several may run.")
def worker() -> None:
    configured = settings.load()
    with opened(configured) as app:
        told = told_to_stop()
        threads = [
            threading.Thread(target=run, args=(loop, app, told), name=loop.name, daemon=True)
            for loop in LOOPS
        ]
        for thread in threads:
            thread.start()
        told.wait()
        deadline = time.monotonic() + _GRACE
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def run(loop: Loop, app: flask.Flask, told: threading.Event) -> None:
    """Do rounds of ``loop``; whatever goes wrong is logged and tried again, later and later."""
    failures = 0
    while not told.is_set():
        try:
            with app.app_context():
                done = loop.work()
                heartbeats.beat(loop.name)
        except Exception as error:  # one bad round must not end the loop
            failures += 1
            _log.error("round failed", loop=loop.name, failures=failures, exc_info=error)
            told.wait(min(_LONGEST_PAUSE, 0.5 * 2 ** min(failures, 8)))
            continue
        failures = 0
        if not done and loop.pause:
            told.wait(loop.pause)
