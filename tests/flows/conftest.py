"""A province with a sandbox to send messages through, and citizens to come."""

import threading
from collections.abc import Callable, Iterator

import flask
import pytest
from werkzeug.serving import make_server

from idp import settings
from sandbox import create_app
from sandbox.inbox import Inbox
from sandbox.options import Options
from tests.actors import Citizen, Phone
from tests.engines import pairs

QUOTAS = {"number_minute": 1000, "number_hour": 1000, "number_day": 1000, "device_day": 1000}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[tuple[str, Inbox, flask.Flask]]:
    """The fake gateway, listening on loopback, without limits of its own."""
    app = create_app(Options(per_minute=0, per_hour=0, per_day=0, any_sender_day=0))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield url, app.extensions["inbox"], app
    server.shutdown()
    server.server_close()


@pytest.fixture
def changes() -> dict[str, object]:
    """Settings a test wants otherwise; override it where needed."""
    return {}


@pytest.fixture
def configured(
    engines: pairs.Engines, sandbox: tuple[str, Inbox], changes: dict[str, object]
) -> settings.Settings:
    sms = {
        "providers": ("gateway",),
        "gateway": {"endpoint": f"{sandbox[0]}/gateway/send", "token": "sandbox-token"},
        **QUOTAS,
    }
    given = {**engines.settings, "sms": sms, **changes}
    return settings.load(environment="testing", **given)


@pytest.fixture
def citizens(app: flask.Flask, sandbox: tuple[str, Inbox]) -> Callable[..., Citizen]:
    """Makes people: each with a browser and a number of their own unless told."""
    made: list[Citizen] = []

    def make(number: str = "", **about: str) -> Citizen:
        number = number or f"138{len(made) + 1:08}"
        sandbox[1].clear(number)
        made.append(Citizen(app, Phone(app, sandbox[1], number), **about))
        return made[-1]

    return make


@pytest.fixture
def citizen(citizens: Callable[..., Citizen]) -> Citizen:
    return citizens()
