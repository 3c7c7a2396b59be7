"""What all tests share: engines, an app on fresh data, no network, no secrets in logs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import hypothesis
import pytest
from jinja2 import FileSystemBytecodeCache
from pytest_socket import socket_allow_hosts

import idp
from idp import settings
from idp.store.engines import db
from tests import secrets_in_logs
from tests.engines import pairs
from tests.engines.fresh import Fresh

MARKS = {"browser": "browser", "clients_js": "foreign_clients"}
LOG_SECTIONS = ("Captured stderr", "Captured log")

hypothesis.settings.register_profile(
    "rig",
    max_examples=500,
    stateful_step_count=100,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
"""Many more tries, for a night: ``pytest --hypothesis-profile=rig``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        choices=(*pairs.PAIRS, *pairs.SHAPES, "all"),
        default="embedded",
        help="SQLite and Valkey; PostgreSQL and Redis; SQLite and a Redis Cluster or a Redis "
        "behind Sentinel; or the first two one after the other",
    )
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="the browser tests save pictures of the main pages in docs/images",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engines" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engines")
        names = pairs.PAIRS if chosen == "all" else (chosen,)
        metafunc.parametrize("engines", names, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where a test lies says what it needs."""
    for item in items:
        for folder, mark in MARKS.items():
            if folder in item.path.parts:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[pairs.Engines]:
    """One pair of engines for the session; ask for ``app`` to get it emptied."""
    with pairs.started(request.param, tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture(scope="session")
def fresh(engines: pairs.Engines) -> Fresh:
    return Fresh(engines)


@pytest.fixture
def configured(engines: pairs.Engines) -> settings.Settings:
    """The settings of the app under test; override this fixture to change them."""
    return settings.load(environment="testing", **engines.settings)


@pytest.fixture
def app(
    configured: settings.Settings, fresh: Fresh, bytecode: FileSystemBytecodeCache
) -> Iterator[flask.Flask]:
    """The provider on empty engines.

    No app context is open around the test: requests would share its ``flask.g``, and with it
    each other's session and language. Ask for ``inside`` to call the code itself.
    """
    fresh.make()
    app = idp.create_app(configured)
    app.testing = True
    app.jinja_env.bytecode_cache = bytecode
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis"].close()


@pytest.fixture
def inside(app: flask.Flask) -> Iterator[flask.Flask]:
    """The app, with its context open: for tests that make no requests."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: flask.Flask) -> Any:
    """A browser without a past."""
    return app.test_client()


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compile once for all apps of the session."""
    directory: Path = tmp_path_factory.mktemp("templates")
    return FileSystemBytecodeCache(os.fspath(directory))


@pytest.fixture(autouse=True)
def _own_machine_only() -> None:
    """No test reaches beyond loopback, whatever it tries."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [each for each in os.environ if each.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    yield
    secrets_in_logs.forget_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Fail a test whose log holds a secret, whatever else it proves."""
    report: pytest.TestReport = yield
    if call.when == "call" and report.outcome == "passed":
        for title, text in report.sections:
            if title.startswith(LOG_SECTIONS) and (kind := secrets_in_logs.find(text)):
                report.outcome = "failed"
                report.longrepr = f"{item.nodeid}: the log holds {kind}"
                report.sections = []
    return report
