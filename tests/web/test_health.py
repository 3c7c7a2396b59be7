"""Live means: this process answers. Ready means: it can do its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask

from tests.web.losing import lose_redis


@contextmanager
def changed(app: flask.Flask, name: str, wrong: str, right: str) -> Iterator[None]:
    """Redis configured as it should not be."""
    redis = app.extensions["redis"]
    redis.config_set(name, wrong)
    try:
        yield
    finally:
        redis.config_set(name, right)


def test_a_node_on_good_engines_is_ready(app: flask.Flask, client: Any) -> None:
    answer = client.get("/health/ready")
    assert answer.json["checks"]["sql"] == "ok"
    assert answer.json["checks"]["redis"] == "ok"
    assert answer.json["checks"]["keys"] == "ok"
    assert answer.json["checks"]["audit"] == "ok"


def test_a_redis_that_evicts_makes_the_node_unready(app: flask.Flask, client: Any) -> None:
    with changed(app, "maxmemory-policy", "allkeys-lru", "noeviction"):
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "noeviction" in answer.json["checks"]["redis"]


def test_a_redis_without_a_file_makes_the_node_unready(app: flask.Flask, client: Any) -> None:
    with changed(app, "appendonly", "no", "yes"):
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "append-only" in answer.json["checks"]["redis"]


def test_a_process_whose_engines_are_gone_is_alive_but_not_ready(
    app: flask.Flask, client: Any
) -> None:
    lose_redis(app)
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503


def test_metrics_are_not_on_the_public_port(client: Any) -> None:
    assert client.get("/metrics").status_code == 404
