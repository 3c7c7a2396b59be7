"""A company with a legal representative, an agent to be and a portal; verifiers of companies."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import flask
import pytest

from idp import identities, mandates, settings
from idp.organisations.verifiers import VERIFIERS
from idp.outbound import Outbound
from idp.store import accounts
from idp.store.identities import Person as Named
from idp.store.identities import Proof
from tests.oidc.actors import Person, Portal, registered, with_account
from tests.registers import PATIENCE, registers, tap

__all__ = ["registers", "tap"]

CODE = "91110000MA00000077"
COMPANY = "甲有限公司"


@pytest.fixture
def people(app: flask.Flask) -> Callable[..., Person]:
    return partial(with_account, app)


@pytest.fixture
def named(app: flask.Flask, people: Callable[..., Person]) -> Callable[..., Person]:
    """``named(username, phone, name, number, ial)``: somebody whose real name is known."""

    def make(username: str, phone: str, name: str, number: str, ial: int = 3) -> Person:
        person = people(username, phone)
        with app.app_context():
            account = accounts.by_id(person.account_id)
            assert account is not None
            who = Named(name, "resident_id", number, f"resident_id:{number}")
            identities.bind(account, identities.Confirmed(who, Proof("face", "test", "t", ial)))
        return person

    return make


@pytest.fixture
def boss(named: Callable[..., Person]) -> Person:
    return named("wangjg", "+8613800000001", "王建国", "110000194910010034")


@pytest.fixture
def agent(named: Callable[..., Person]) -> Person:
    return named("lixy", "+8613800000002", "李秀英", "110000199003070028", 2)


@pytest.fixture
def company(app: flask.Flask, boss: Person) -> str:
    """The id of the legal representative's own mandate."""
    with app.app_context():
        account = accounts.by_id(boss.account_id)
        assert account is not None
        found = mandates.Found(CODE, COMPANY, "enterprise", "test", "t-1")
        return mandates.represent(account, found).id


@pytest.fixture
def portal(app: flask.Flask) -> Portal:
    return registered(
        app,
        "tax",
        legal_basis="statutory",
        statute="《税收征收管理法》",
        backchannel_logout_uri="https://tax.test/logout",
    )


def tables(url: str, **changes: Any) -> dict[str, Any]:
    """The ``organisations`` settings that point at the sandbox."""
    return {
        "verifiers": tuple(VERIFIERS),
        "aliyun": {
            "endpoint": f"{url}/aliyun-enterprise/",
            "access_key_id": "sandbox-ak",
            "access_key_secret": "sandbox-secret",
        },
        "licence": {
            "endpoint": f"{url}/licence",
            "app_id": "LIC0000000001",
            "key": "sandbox-licence-key",
        },
        "transfer": {
            "endpoint": f"{url}/transfer",
            "app_id": "PAY0000000001",
            "key": "sandbox-transfer-key",
        },
        **changes,
    }


@pytest.fixture
def verifier(registers: flask.Flask, tmp_path: Path) -> Callable[..., Any]:
    """``verifier(name)``: one that asks the sandbox; ``changes`` spoil its table."""

    def made(name: str, **changes: Any) -> Any:
        chosen = settings.load(
            environment="testing",
            var_dir=tmp_path,
            organisations=tables(registers.extensions["url"], **changes),
            outbound={"timeout": PATIENCE, "breaker_failures": 1000},
        )
        return VERIFIERS[name].from_settings(chosen, Outbound(chosen))

    return made
