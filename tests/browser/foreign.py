"""Starts the relying parties that are not Python: the Node.js example and the static page."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.plan import Place, Plan

ROOT = Path(__file__).parent.parent.parent
MODULES = ROOT / "tests" / "clients_js" / "node_modules"


@contextmanager
def running(plan: Plan, example: Place, spa: Place) -> Iterator[None]:
    """Both, when Node.js and the packages are there; the tests that need them say so."""
    if shutil.which("node") is None or not MODULES.is_dir():
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(_example(plan, example))
        stack.enter_context(_page(plan, spa))
        yield


@contextmanager
def _example(plan: Plan, place: Place) -> Iterator[None]:
    folder = plan.var / "example"
    folder.mkdir()
    shutil.copy(ROOT / "clients" / "node" / "portal.mjs", folder)
    (folder / "node_modules").symlink_to(MODULES)
    environment = {
        "ISSUER": plan.node.url,
        "CLIENT_ID": "js-portal",
        "CLIENT_SECRET": plan.secret("js-portal"),
        "BASE_URL": place.url,
        "PORT": str(place.port),
    }
    with (plan.var / "log" / "example.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "portal.mjs"],
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline(), "the Node.js example did not start"
            yield
        process.terminate()
        process.wait(10)


@contextmanager
def _page(plan: Plan, place: Place) -> Iterator[None]:
    folder = plan.var / "spa"
    shutil.copytree(ROOT / "clients" / "browser", folder)
    shutil.copy(MODULES / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js", folder)
    settings = {"issuer": plan.node.url, "client_id": "spa"}
    (folder / "config.json").write_text(json.dumps(settings), "utf-8")
    handler = functools.partial(_Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", place.port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Addresses carry codes; nobody needs them in a log."""
