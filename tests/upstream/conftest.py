"""WeChat and Alipay as the sandbox speaks them, over HTTP, and who asks them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

import idp
from idp import settings
from idp.outbound import Outbound
from idp.store.engines import db
from idp.upstream.service import Upstreams
from tests import secrets_in_logs
from tests.engines import pairs
from tests.engines.fresh import Fresh
from tests.registers import PATIENCE, registers, tap
from tests.upstream.actors import PHONE, Holder

__all__ = ["registers", "tap"]

Made = Callable[..., Upstreams]
APPS = {
    "website": "wx0000000000000001",
    "official_account": "wx0000000000000002",
    "mini_program": "wx0000000000000003",
}
SECRET = "sandbox-wechat-secret"
UNBOUND = {
    "website": "wx1000000000000001",
    "official_account": "wx1000000000000002",
    "mini_program": "wx1000000000000003",
}
"""Of no platform account."""


def tables(registers: flask.Flask, apps: dict[str, str] = APPS, **alipay: str) -> dict[str, Any]:
    """The ``upstream`` settings that point at the sandbox."""
    url, keys = registers.extensions["url"], registers.extensions["alipay-keys"].pem
    secret = secrets_in_logs.remember(SECRET)
    return {
        "wechat": {
            "api": f"{url}/wechat",
            "pages": f"{url}/wechat",
            **{kind: {"app_id": app_id, "secret": secret} for kind, app_id in apps.items()},
        },
        "alipay": {
            "endpoint": f"{url}/alipay/gateway.do",
            "page": f"{url}/alipay/oauth2/publicAppAuthorize.htm",
            "app_id": "2021000000000000",
            "private_key": keys["app_private_key"],
            "alipay_public_key": keys["public_key"],
            **alipay,
        },
    }


@pytest.fixture(scope="module")
def configured(engines: pairs.Engines, registers: flask.Flask) -> settings.Settings:
    return settings.load(environment="testing", **engines.settings, upstream=tables(registers))


@pytest.fixture(scope="module")
def one_app(configured: settings.Settings, fresh: Fresh) -> Iterator[flask.Flask]:
    fresh.make()
    app = idp.create_app(configured)
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions["redis"].close()


@pytest.fixture
def app(one_app: flask.Flask) -> flask.Flask:
    """One for hundreds of tests: they keep nothing but what stands in Redis."""
    one_app.extensions["redis"].flushall()
    return one_app


@pytest.fixture
def upstreams(inside: flask.Flask, tmp_path: Path, registers: flask.Flask) -> Made:
    """``upstreams(apps, **alipay)``: what asks the sandbox, as these apps."""

    def made(apps: dict[str, str] = APPS, **alipay: str) -> Upstreams:
        chosen = settings.load(
            environment="testing",
            var_dir=tmp_path,
            upstream=tables(registers, apps, **alipay),
            outbound={"timeout": PATIENCE, "breaker_failures": 1000},
        )
        return Upstreams(chosen, Outbound(chosen))

    return made


@pytest.fixture
def holder(registers: flask.Flask) -> Callable[..., Holder]:
    return lambda number=PHONE: Holder(registers, number)
