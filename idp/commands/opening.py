"""How a command comes by the app, and how it says what is wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import flask

import idp
from idp import settings
from idp.commands.supervising import AlreadyRunning
from idp.crypto import keyring
from idp.crypto.sealing import Sealer
from idp.errors import IdpError
from idp.store import embedded, engines
from idp.store.failures import ENGINE_FAILURES, explain
from idp.web import logging

FOR_PEOPLE: dict[str, object] = {"log_format": "text", "log_level": "error"}
"""Somebody at a terminal reads these logs."""


@contextmanager
def opened(configured: settings.Settings | None = None) -> Iterator[flask.Flask]:
    """The whole provider, on engines that run already."""
    configured = configured or settings.load(**FOR_PEOPLE)
    embedded.require(configured)
    app = idp.create_app(configured)
    with app.app_context():
        yield app


@contextmanager
def with_engines(configured: settings.Settings) -> Iterator[flask.Flask]:
    """Engines and keys alone: enough before the schema is there."""
    logging.configure(configured)
    app = flask.Flask("idp")
    app.extensions["settings"] = configured
    app.extensions["sealer"] = Sealer(keyring.for_node(configured))
    engines.init_app(app, configured)
    with app.app_context():
        yield app


@contextmanager
def said_plainly() -> Iterator[None]:
    """End with one clear message instead of a traceback for whatever an operator can mend."""
    try:
        yield
    except (settings.SettingsError, embedded.EmbeddedProblem, AlreadyRunning) as error:
        _fail(str(error))
    except IdpError as error:
        _fail(_sentence(error))
    except ENGINE_FAILURES as error:
        _fail(explain(error))


def _sentence(error: IdpError) -> str:
    """The operator's words for it; what the docstring calls ``reason`` is said, not named."""
    reason = error.params.get("reason", "")
    meaning = " ".join((type(error).__doc__ or "").split())
    return ": ".join(filter(None, (error.code, str(reason) or meaning)))


def _fail(text: str) -> None:
    click.echo(text, err=True)
    sys.exit(1)
