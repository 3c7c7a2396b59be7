"""``serve``: the whole node in one command: engine, schema, web, worker, metrics."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import click
import structlog

from idp import settings
from idp.commands.opening import with_engines
from idp.commands.supervising import (
    Child,
    KeepsFailing,
    only_parent,
    python,
    stop_all,
    told_to_stop,
)
from idp.store import health, migrations
from idp.store.embedded import Embedded
from idp.web import logging, metrics

_log = structlog.get_logger("idp.serve")
_LOOK_EVERY = 0.25
_MARKS = {"web": "granian", "worker": "idp worker"}
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is ours alone, mode 0700
_CONNECTIONS = 512
"""Open connections of a web process: idle ones count, so few would let a stranger take all."""


@click.command(help="Run the node until it is told to stop.")
@click.option("--host", help="Address to listen on (serve.host).")
@click.option("--port", type=int, help="Port to listen on (serve.port).")
@click.option("--workers", type=int, help="Web processes (serve.workers).")
@click.option("--threads", type=int, help="Threads of each (serve.threads).")
@click.option("--app", default="wsgi:app", show_default=True, help="The WSGI app to serve.")
@click.option("--certificate", type=click.Path(exists=True), help="Serve TLS with this file …")
@click.option("--certificate-key", type=click.Path(exists=True), help="… and its key (PKCS#8).")
@click.option("--worker/--no-worker", default=True, help="Also run the worker.", show_default=True)
def serve(
    app: str,
    certificate: str | None,
    certificate_key: str | None,
    *,
    worker: bool,
    **given: str | int | None,
) -> None:
    # Children read the same settings, so what was said here is handed on in their environment.
    for key, value in given.items():
        if value is not None:
            os.environ[f"{settings.PREFIX}SERVE__{key.upper()}"] = str(value)
    configured = settings.load()
    logging.configure(configured)
    run_dir = configured.var_dir / "run"
    with only_parent(run_dir):
        tls = [f"--ssl-certificate={certificate}", f"--ssl-keyfile={certificate_key}"]
        environ = {_METRICS_VARIABLE: str(_measures_dir(configured))}
        commands = {"web": _web_command(configured, app, tls if certificate else [])}
        if worker:
            commands["worker"] = python("-m", "idp", "worker")
        children = [
            Child(name, command, environ, run_dir, _MARKS[name])
            for name, command in commands.items()
        ]
        for child in children:
            child.end_orphan()
        _require_free_port(configured)
        with _engines(configured) as engine:
            _schema(configured)
            with _measures(configured):
                _run(children, engine)


def _require_free_port(configured: settings.Settings) -> None:
    host, port = configured.serve.host, configured.serve.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise settings.SettingsError(
                f"Cannot listen on {host}:{port} ({error.strerror}). "
                "Stop what uses it, or choose another with --port."
            ) from None


@contextmanager
def _engines(configured: settings.Settings) -> Iterator[Embedded | None]:
    if not configured.embedded_redis:
        yield None
        return
    engine = Embedded(configured)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def _schema(configured: settings.Settings) -> None:
    """A database of our own is brought up to date; one that others share is theirs to upgrade.

    Redis is asked too: an engine that is missing is named here, not by every page.
    """
    with with_engines(configured):
        health.redis_clock()
        if not (missing := migrations.pending()):
            return
        if configured.store.database_url.get_secret_value():
            raise settings.SettingsError(
                f"{len(missing)} migration(s) are pending. Run `python -m idp db upgrade` first."
            )
        migrations.upgrade()


def _measures_dir(configured: settings.Settings) -> Path:
    """In memory where there is such a place: the files are mapped, and whoever writes to a
    mapped file on a full disk is killed (SIGBUS)."""
    if not os.access(_MEMORY, os.W_OK):
        return configured.var_dir / "metrics"
    node = sha256(os.fsencode(configured.var_dir.resolve())).hexdigest()[:16]
    return _MEMORY / f"hutong-metrics-{os.getuid()}-{node}"


@contextmanager
def _measures(configured: settings.Settings) -> Iterator[None]:
    """An empty directory the children count into, and the listener that adds them up."""
    directory = _measures_dir(configured)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700)
    if configured.serve.metrics_port:
        metrics.listen(configured.serve.metrics_host, configured.serve.metrics_port, directory)
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _web_command(configured: settings.Settings, app: str, tls: list[str]) -> list[str]:
    serve = configured.serve
    return python(
        *("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", serve.host, "--port", str(serve.port)),
        *("--workers", str(serve.workers), "--blocking-threads", str(serve.threads)),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning"),
        *("--backpressure", str(_CONNECTIONS)),
        *tls,
        app,
    )


def _run(children: list[Child], engine: Embedded | None) -> None:
    """Watch everything until a signal comes; stop the engine's users before the engine."""
    told = told_to_stop()
    try:
        for child in children:
            child.start()
        while not told.wait(_LOOK_EVERY):
            if engine is not None:
                _watch(engine)
            for child in children:
                child.watch()
    except KeepsFailing as error:
        raise click.ClickException(str(error)) from None
    finally:
        stop_all(children)
        _log.info("stopped")


def _watch(engine: Embedded) -> None:
    if not engine.alive():
        _log.error("died", process="valkey")
        engine.stop()
        engine.start()
