"""A small province on engines of its own, told to by tests that take the engines away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import flask
from sqlalchemy import func, select

import idp
from idp import settings
from idp.audit import log
from idp.store import migrations
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.oidc.actors import STATUTE, Person, Portal, registered, with_account

PATIENCE = 1.0
"""Seconds the provider waits for Redis, or for one statement."""


@dataclass
class Town:
    app: flask.Flask
    shebao: Portal
    """Asks for consent."""
    gjj: Portal
    """Stands on a statute."""
    born: int = 0

    def person(self) -> Person:
        self.born += 1
        return with_account(self.app, f"wang{self.born:04}", f"+861380000{self.born:04}")

    def asks(self, path: str, **headers: str) -> tuple[Any, float]:
        """A stranger's request: the answer, and how many seconds it took."""
        before = time.monotonic()
        answer = self.app.test_client().get(path, headers=headers)
        return answer, time.monotonic() - before

    def is_ready(self) -> bool:
        return bool(self.asks("/health/ready")[0].status_code == 200)

    def events(self, account_id: str) -> dict[str, int]:
        """How often each thing was recorded of a person; what waits is copied first."""
        with self.app.app_context():
            log.copy_streams()
            log.chain()
            query = select(AuditEvent.action, func.count()).group_by(AuditEvent.action)
            rows = db.session.execute(query.where(AuditEvent.account == account_id))
            return {action: count for action, count in rows}

    def trail_is_whole(self) -> bool:
        with self.app.app_context():
            return log.verify().whole and log.backlog() == 0


@contextmanager
def built(
    directory: Path, redis_url: str, database_url: str = "", **more: object
) -> Iterator[Town]:
    store = {
        "redis_url": redis_url,
        "redis_timeout": PATIENCE,
        "database_url": database_url or f"sqlite:///{directory}/hutong.db",
        "database_timeout": PATIENCE,
    }
    app = idp.create_app(
        settings.load(environment="testing", var_dir=directory / "var", store=store, **more)
    )
    app.testing = True
    with app.app_context():
        migrations.upgrade()
        app.extensions["idp"].keys.prepare()
    claims = ["phone_number", "phone_number_verified"]
    shebao = registered(app, "shebao")
    gjj = registered(app, "gjj", legal_basis="statutory", statute=STATUTE, claims=claims)
    yield Town(app, shebao, gjj)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis"].close()


def arrives(person: Person, portal: Portal) -> str:
    """The code of a silent sign-in; the error where there is none."""
    person.opens(portal.url(prompt="none"), follow=False)
    if person.page.status_code >= 500:
        return f"{person.page.status_code}"
    return person.arrived.get("code") or person.arrived["error"]


def signs_out(person: Person, hint: str) -> None:
    person.opens("/oauth/logout?" + urlencode({"id_token_hint": hint}))
    assert person.page.status_code == 200


def is_busy_page(answer: Any) -> bool:
    """The page every person gets while an engine is away."""
    return (
        answer.status_code == 503
        and "系统繁忙" in answer.text
        and "HT-0001" in answer.text
        and answer.headers["X-Request-Id"] in answer.text
        and answer.headers["Retry-After"] == "5"
    )


def is_busy_answer(answer: Any) -> bool:
    """The same for programs."""
    return answer.status_code == 503 and answer.json["error"] == "temporarily_unavailable"
