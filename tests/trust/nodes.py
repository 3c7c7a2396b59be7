"""Several nodes at once, each with engines of its own, that reach each other over HTTP."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask
import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

import idp
from idp import settings
from idp.federation import statements
from idp.federation.rules import Rules
from idp.federation.statements import Statement
from idp.keys import FEDERATION
from idp.services import Services
from idp.staff import Act
from idp.store.engines import db
from idp.trust import admission, upkeep
from tests.engines import redis_servers

RULES = Rules(allow_loopback=True)
WANG = Act("100001", "首次接入")
LIU = Act("100002", "材料齐全")
MARKS = ("gateway", "ial/3", "aal/2")


class Quiet(WSGIRequestHandler):
    def log(self, type_: str, message: str, *args: Any) -> None:
        """The tests say what they expect of the log."""


@dataclass
class Node:
    """One node, running."""

    name: str
    url: str
    port: int
    app: flask.Flask
    folder: Path
    _server: Any = None
    _held: socket.socket | None = None
    """Its port, taken before there is a server: nobody else gets it meanwhile."""
    asked: list[str] = field(default_factory=list)
    """Every path that was asked for, in order."""

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions["idp"]
        return found

    @property
    def own_keys(self) -> dict[str, Any]:
        with self.app.app_context():
            return self.services.keys.jwks("federation")

    @property
    def thumbprint(self) -> str:
        with self.app.app_context():
            return str(self.services.keys.signer(FEDERATION).kid)

    def goes_up(self) -> None:
        def counted(environ: Any, start_response: Any) -> Any:
            self.asked.append(environ["PATH_INFO"])
            return self.app.wsgi_app(environ, start_response)

        fd = self._held.fileno() if self._held else None
        self._server = make_server(
            "127.0.0.1", self.port, counted, threaded=True, request_handler=Quiet, fd=fd
        )
        if self._held:
            self._held.close()
            self._held = None
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def goes_down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def get(self, path: str, **params: Any) -> httpx.Response:
        # Names under .localhost are this machine, whatever its resolver says.
        address = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(address, params=params, headers={"Host": self.url.partition("//")[2]})

    def post(self, path: str, **data: Any) -> httpx.Response:
        address = f"http://127.0.0.1:{self.port}{path}"
        return httpx.post(address, data=data, headers={"Host": self.url.partition("//")[2]})

    def configuration(self) -> Statement:
        return statements.parse(self.get("/.well-known/openid-federation").text, RULES)

    def admits(self, other: "Node", **limits: Any) -> None:
        """Vouch for another node, as two officers would."""
        with self.app.app_context():
            trust, outbound = self.services.trust, self.services.outbound
            found = admission.configuration(trust, outbound, other.url, other.thumbprint)
            admission.propose(trust, found, WANG, limits, {})
            admission.approve(other.url, LIU)
            trust.forget()

    def marks(self, other: "Node", *names: str) -> None:
        with self.app.app_context():
            for name in names:
                self.services.trust.given.give(name, other.url, WANG, None, {})

    def refreshes_its_marks(self) -> int:
        with self.app.app_context():
            idp = self.services
            return upkeep.refresh_marks(idp.trust, idp.outbound, idp.settings.federation)

    def forgets_what_it_knows(self) -> None:
        with self.app.app_context():
            self.services.trust.forget()


@dataclass
class Nodes:
    """Starts nodes; each has a host name, a database and a Redis of its own."""

    folder: Path
    redis_url: str
    stack: ExitStack
    running: dict[str, Node] = field(default_factory=dict)
    reserved: dict[str, socket.socket] = field(default_factory=dict)

    def reserve(self, name: str) -> str:
        """The address a node will have that is started later."""
        self.reserved[name] = self.stack.enter_context(_listening())
        return f"http://{name}.localhost:{self.reserved[name].getsockname()[1]}"

    def start(self, name: str, **changes: Any) -> Node:
        if name not in self.reserved:
            self.reserve(name)
        held = self.reserved[name]
        port = held.getsockname()[1]
        url = f"http://{name}.localhost:{port}"
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        wanted: dict[str, Any] = {
            "environment": "testing",
            "issuer": url,
            "var_dir": folder,
            "store": {"redis_url": f"{self.redis_url}?db={len(self.running)}"},
            "development": {"allow_loopback": True},
            "node": {"name": name, "organiser": f"{name}数据局", "contact": "12345"},
            **changes,
        }
        app = idp.create_app(settings.load(**wanted))
        app.testing = True
        with app.app_context():
            db.create_all()
            app.extensions["idp"].keys.prepare()
        made = Node(name, url, port, app, folder, _held=held)
        made.goes_up()
        self.running[name] = made
        self.stack.callback(self._stop, made)
        return made

    def anchor(self, name: str = "quanguo", **federation: Any) -> Node:
        return self.start(name, federation={"role": "anchor", **federation})

    def below(self, superior: Node, name: str, anchor: Node | None = None, **more: Any) -> Node:
        """A node under ``superior``, which vouches for it."""
        limits = more.pop("limits", {})
        federation = {"role": "leaf", **more.pop("federation", {})}
        federation["superiors"] = [superior.url]
        pinned = self.pin(anchor or superior, **more.pop("pin", {}))
        federation["anchors"] = [pinned, *federation.get("anchors", ())]
        made = self.start(name, federation=federation, **more)
        superior.admits(made, **limits)
        return made

    def province(self, anchor: Node, name: str, region: str, *marks: str, **more: Any) -> Node:
        """A node with the marks of a gateway, and of ``MARKS`` where no others are named."""
        marks = marks or MARKS
        wanted = [{"type": f"{anchor.url}/tm/{each}", "issuer": anchor.url} for each in marks]
        federation = {"marks": wanted, **more.pop("federation", {})}
        described = {"name": f"{name}省政务服务", "region": region}
        made = self.below(anchor, name, federation=federation, node=described, **more)
        anchor.marks(made, *marks)
        made.refreshes_its_marks()
        return made

    def pin(self, anchor: Node, **more: Any) -> dict[str, Any]:
        """How another node's settings name an anchor."""
        file = self.folder / f"{anchor.name}-keys.json"
        file.write_text(json.dumps(anchor.own_keys))
        return {"entity_id": anchor.url, "keys": str(file), **more}

    @staticmethod
    def _stop(node: Node) -> None:
        node.goes_down()
        with node.app.app_context():
            db.session.remove()
            db.engine.dispose()
        node.app.extensions["redis"].close()


def _listening() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


@contextmanager
def started(folder: Path, redis_url: str) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(folder, redis_url, stack)


@contextmanager
def shared_redis(folder: Path) -> Iterator[str]:
    """One engine whose databases the nodes of a test share out among them."""
    with redis_servers.valkey(folder) as url:
        yield url
