"""Which WSGI server for the node: the same app, the same flow, each in turn on the one core."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench import install, ours, targets, windows, wrk
from bench.comparing import Plan
from bench.install import say
from bench.meter import Meter
from bench.ours import Serving
from bench.scenarios import SCENARIOS
from bench.windows import Measured

SCENARIO = "sso_flow"
_HOST = "127.0.0.1"
_THREADS = (1, 2, 4, 8, 16)


def compare(node: ours.Node, plan: Plan, meter: Meter) -> dict[str, Measured]:
    """By server and number of threads."""
    with _installed() as servings, ExitStack() as stack:
        found = [stack.enter_context(ours.started(node, serving)) for serving in servings]
        for target in found:
            say(f"Signing people in at {target.name} …")
            targets.check_id_token(target)
        tasks = {
            target.name: partial(wrk.window, target, SCENARIOS[SCENARIO], plan.load, meter)
            for target in found
        }
        return windows.interleaved(tasks, plan.rounds, plan.patience)


@contextmanager
def _installed() -> Iterator[list[Serving]]:
    """Those that could be installed. They are not the node's dependencies: a path is lent."""
    site = next(install.python_packages("web_servers").parent.glob("lib/python*/site-packages"))
    os.environ["PYTHONPATH"] = str(site)
    try:
        yield [*_granian(), *_others()]
    finally:
        del os.environ["PYTHONPATH"]


def _granian() -> list[Serving]:
    """As ``serve`` starts it; the first one brings the worker along."""
    fixed = ("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--host", _HOST,
             "--log-level", "warning", "--workers", "1", "--port", "{port}")  # fmt: skip
    return [
        _serving(
            f"granian {count}",
            (*fixed, "--blocking-threads", str(count), "--backpressure", str(4 * count + 16)),
            worker=count == _THREADS[0],
        )
        for count in _THREADS
    ]


def _others() -> list[Serving]:
    gunicorn = ("-m", "gunicorn", "--worker-class", "gthread", "--bind", f"{_HOST}:{{port}}",
                "--log-level", "warning", "--threads")  # fmt: skip
    waitress = ("-m", "waitress", f"--listen={_HOST}:{{port}}",
                "--no-clear-untrusted-proxy-headers")  # fmt: skip
    return [
        _serving("gunicorn gthread 8", (*gunicorn, "8", "wsgi:app")),
        _serving("waitress 8", (*waitress, "--threads=8", "wsgi:app")),
    ]


def _serving(name: str, words: tuple[str, ...], *, worker: bool = False) -> Serving:
    whole = (sys.executable, *words)
    if "wsgi:app" not in whole:
        whole += ("wsgi:app",)
    return Serving(name, words=whole, worker=worker)
