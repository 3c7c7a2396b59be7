"""Verifiers set up to ask the sandbox's registers, and people who prove their names."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import flask
import pytest

from idp import settings
from idp.outbound import Outbound
from idp.realname.verifiers import VERIFIERS
from tests.actors import Phone
from tests.engines import pairs
from tests.oidc.actors import Person, Portal, registered, with_account
from tests.registers import PATIENCE, registers, tap

__all__ = ["registers", "tap"]


def tables(registers: flask.Flask, **changes: Any) -> dict[str, Any]:
    """The ``realname`` settings that point at the sandbox."""
    url, alipay = registers.extensions["url"], registers.extensions["alipay-keys"].pem
    return {
        "verifiers": tuple(VERIFIERS),
        "tencent": {
            "endpoint": f"{url}/tencent-faceid/",
            "secret_id": "sandbox-id",
            "secret_key": "sandbox-key",
        },
        "tencent_rule": "1",
        "aliyun": {
            "endpoint": f"{url}/aliyun-cloudauth/",
            "access_key_id": "sandbox-ak",
            "access_key_secret": "sandbox-secret",
        },
        "aliyun_scene": "1000000001",
        "alipay": {
            "endpoint": f"{url}/alipay/gateway.do",
            "app_id": "2021000000000000",
            "private_key": alipay["app_private_key"],
            "alipay_public_key": alipay["public_key"],
        },
        "ncid": {
            "endpoint": f"{url}/ncid",
            "app_url": f"{url}/ncid/app",
            "org_id": "ORG0000000001",
            "app_id": "APP0000000001",
            "key": "sandbox-ncid-key",
        },
        **changes,
    }


def gateway(registers: flask.Flask) -> dict[str, Any]:
    """The ``sms`` settings that point at the sandbox."""
    return {
        "providers": ("gateway",),
        "gateway": {
            "endpoint": f"{registers.extensions['url']}/gateway/send",
            "token": "sandbox-token",
        },
        **dict.fromkeys(("number_minute", "number_hour", "number_day", "device_day"), 1000),
    }


@pytest.fixture
def phones(app: flask.Flask, registers: flask.Flask) -> Callable[[str], Phone]:
    """The phone with a number, emptied."""
    inbox = registers.extensions["inbox"]

    def made(number: str) -> Phone:
        inbox.clear(number)
        return Phone(app, inbox, number)

    return made


@pytest.fixture
def verifier(registers: flask.Flask, tmp_path: Path) -> Callable[..., Any]:
    """``verifier(name)``: one that asks the sandbox; ``changes`` spoil its table."""

    def made(name: str, **changes: Any) -> Any:
        chosen = settings.load(
            environment="testing",
            var_dir=tmp_path,
            realname=tables(registers, **changes),
            outbound={"timeout": PATIENCE, "breaker_failures": 1000},
        )
        return VERIFIERS[name].from_settings(chosen, Outbound(chosen))

    return made


@pytest.fixture
def offered() -> tuple[str, ...]:
    """The verifiers the node has turned on; override it where a test wants others."""
    return ("tencent_register", "aliyun_register", "tencent_face")


@pytest.fixture
def configured(
    engines: pairs.Engines, registers: flask.Flask, offered: tuple[str, ...]
) -> settings.Settings:
    realname = tables(registers, verifiers=offered)
    outbound = {"timeout": 2.0, "breaker_failures": 1000}
    given = {"realname": realname, "outbound": outbound, "sms": gateway(registers)}
    return settings.load(environment="testing", **engines.settings, **given)


@pytest.fixture
def people(app: flask.Flask) -> Callable[..., Person]:
    return partial(with_account, app)


@pytest.fixture
def wang(people: Callable[..., Person]) -> Person:
    return people("wangxm", "+8613800000001")


@pytest.fixture
def li(people: Callable[..., Person]) -> Person:
    return people("lihong", "+8613800000002")


@pytest.fixture
def tax(app: flask.Flask) -> Portal:
    """Demands a real name by law."""
    return registered(
        app, "tax", minimum_acr="ial2.aal1", legal_basis="statutory", statute="《税收征收管理法》"
    )


@pytest.fixture
def fund(app: flask.Flask) -> Portal:
    """Demands the living person."""
    return registered(
        app, "fund", minimum_acr="ial3.aal1", legal_basis="statutory", statute="《公积金条例》"
    )


@pytest.fixture
def gjj(app: flask.Flask) -> Portal:
    """Takes people as they are."""
    return registered(app, "gjj", legal_basis="statutory", statute="《公积金条例》")
