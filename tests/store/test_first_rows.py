"""Rows that two tabs write at once: one of them is first, and each is told which it was."""

from collections.abc import Iterator

import flask
import pytest
from sqlalchemy import Executable, event, func, insert, select

from idp import consents, standing
from idp.audit import events
from idp.store import accounts, clients, connections
from idp.store.accounts import NewAccount, Subject
from idp.store.audit import AuditEvent
from idp.store.connections import Connection
from idp.store.engines import db

PORTAL = "shebao"
STATUTE = "《社会保险法》第七十四条"


@pytest.fixture
def account_id(inside: flask.Flask) -> str:
    standing.create_client(
        PORTAL,
        {
            "name": "社保",
            "redirect_uris": ["https://shebao.example/cb"],
            "legal_basis": "statutory",
            "statute": STATUTE,
            "scope": "openid phone",
        },
    )
    account = accounts.add(NewAccount("+8613800000001"))
    db.session.commit()
    return account.id


@pytest.fixture
def other_tab(inside: flask.Flask) -> Iterator[list[Executable]]:
    """What another tab commits in the moment before our next INSERT."""
    waiting: list[Executable] = []

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if waiting and statement.startswith("INSERT"):
            first = waiting.pop()
            with db.engine.begin() as other:
                other.execute(first)

    event.listen(db.engine, "before_cursor_execute", before)
    yield waiting
    event.remove(db.engine, "before_cursor_execute", before)


def test_the_first_name_in_a_sector_is_kept(account_id: str, other_tab: list[Executable]) -> None:
    other_tab.append(insert(Subject).values(account_id=account_id, sector="s", sub="theirs"))

    assert accounts.subject(account_id, "s") == "theirs"
    assert accounts.subject(account_id, "s") == "theirs"
    assert db.session.scalars(select(Subject.sub)).all() == ["theirs"]


def test_a_name_in_a_sector_stays(account_id: str) -> None:
    first = accounts.subject(account_id, "s")

    assert len(first) > 20
    assert accounts.subject(account_id, "s") == first
    assert accounts.subject(account_id, "t") != first


def test_a_first_disclosure_is_recorded_once(account_id: str) -> None:
    registration = clients.look_up(PORTAL)
    assert registration is not None

    for _ in range(2):
        consents.give(account_id, registration, ["phone_number"])

    disclosed = select(func.count()).where(AuditEvent.action == events.StatutoryDisclosure.action)
    assert db.session.scalar(disclosed) == 1
    found = connections.find(account_id, PORTAL)
    assert found is not None
    assert (found.granted, found.statute) == (["phone_number"], STATUTE)


def test_two_tabs_grant_together_what_each_was_asked(
    account_id: str, other_tab: list[Executable]
) -> None:
    registration = clients.look_up(PORTAL)
    assert registration is not None
    other_tab.append(
        insert(Connection).values(
            account_id=account_id,
            client_id=PORTAL,
            legal_basis="statutory",
            statute=STATUTE,
            granted=["sub"],
        )
    )

    consents.give(account_id, registration, ["phone_number"])

    found = connections.find(account_id, PORTAL)
    assert found is not None
    assert found.granted == ["phone_number", "sub"]
    disclosed = select(func.count()).where(AuditEvent.action == events.StatutoryDisclosure.action)
    assert db.session.scalar(disclosed) == 1


def test_a_commit_waits_for_no_cursor_that_python_has_not_collected(inside: flask.Flask) -> None:
    kept: list[object] = []

    def keep(_connection: object, cursor: object, *_: object) -> None:
        kept.append(cursor)

    event.listen(db.engine, "after_cursor_execute", keep)
    try:
        standing.create_client(PORTAL, {"name": "社保", "redirect_uris": ["https://a.example/cb"]})
    finally:
        event.remove(db.engine, "after_cursor_execute", keep)
    assert kept
    assert clients.look_up(PORTAL) is not None
