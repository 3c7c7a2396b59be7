"""Measures for Prometheus, shown only on a listener of its own (``serve.metrics_port``)."""

import threading
from functools import lru_cache
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by route as registered",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

RISK = Counter(
    "risk_rules", "Rules that applied to a sign-in, by what was wanted", ["rule", "action"]
)


HEARD = Counter("signals_heard", "Events of other nodes that were acted upon, by type", ["type"])


def observe(method: str, route: str, status: int, seconds: float) -> None:
    _child(method, route, str(status)).observe(seconds)


def risk(rule: str, action: str) -> None:
    RISK.labels(rule, action).inc()


def heard(type_: str) -> None:
    """An event's type, without the address of whose it is: of many ``account-disabled`` at once an
    operator wants to know.
    """
    HEARD.labels(type_.rpartition("/")[2]).inc()


def listen(host: str, port: int, directory: Path) -> tuple[WSGIServer, threading.Thread]:
    """Serve what all processes sharing ``directory`` (PROMETHEUS_MULTIPROC_DIR) have counted."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))
    return start_http_server(port, addr=host, registry=registry)


@lru_cache(4096)
def _child(method: str, route: str, status: str) -> Histogram:
    return REQUESTS.labels(method, route, status)
