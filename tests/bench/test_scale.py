"""The people the generator invents are accounts like any other, and only where nobody lives."""

from collections.abc import Callable, Iterator
from pathlib import Path

import flask
import pytest
from sqlalchemy import create_engine, text

import idp
from bench.scale import filling, ledger, people, switching
from idp import settings
from idp.agreements import pending
from idp.commands.opening import with_engines
from idp.settings import Settings
from idp.store import accounts, migrations
from idp.store.accounts import Account
from idp.store.engines import db
from tests.engines.pairs import Engines
from tests.oidc.actors import Person

MANY = 2_000
PLENTY = 1500
"""So many that a switch is met half-way on a busy machine too."""


@pytest.fixture(scope="module")
def empty(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Settings]]:
    """Makes nodes whose database is empty, each with master keys of its own."""
    made: list[str] = []

    def make() -> Settings:
        directory = tmp_path_factory.mktemp("filled")
        url = f"sqlite:///{directory}/hutong.db"
        if engines.name == "real":
            made.append(f"filled{len(made)}")
            _server(engines, f"CREATE DATABASE {made[-1]}")
            url = engines.database_url.replace("/postgres?", f"/{made[-1]}?")
        store = {"database_url": url, "redis_url": engines.redis_url}
        return settings.load(environment="testing", var_dir=directory, store=store)

    yield make
    for name in made:
        _server(engines, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def filled(empty: Callable[[], Settings]) -> Settings:
    """A node that was filled in two goes, the second by two processes, indexes standing aside."""
    configured = empty()
    filling.fill(configured, MANY // 4, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "MANY", 1)
        patch.setattr(filling, "CHUNK", MANY // 8)
        filling.fill(configured, MANY, 2)
    return configured


@pytest.fixture
def town(filled: Settings) -> Iterator[flask.Flask]:
    app = idp.create_app(filled)
    app.testing = True
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis"].close()


def test_there_are_as_many_as_were_asked_for_and_no_two_share_a_number(town: flask.Flask) -> None:
    with town.app_context():
        numbers = list(db.session.scalars(db.select(Account.phone)))

    assert len(numbers) == MANY
    assert set(numbers) == {people.phone(n) for n in range(MANY)}


def test_the_numbers_are_spread_over_the_segments_people_have() -> None:
    drawn = {people.phone(n)[3:6] for n in range(MANY)}

    assert drawn == set(people.PREFIXES)
    assert not drawn & {"140", "141", "144", "146"}


def test_anybody_with_a_password_signs_in_with_it(town: flask.Flask) -> None:
    able = list(people.with_password(range(MANY)))
    by_name = next(each for each in able if each.username)
    by_number = next(each for each in able if not each.username)
    for each in (by_name, by_number):
        name = each.username or each.phone.removeprefix("+86")
        visitor = Person(town, "", name).opens("/login/").signs_in(password=people.PASSWORD)

        assert visitor.page.request.path == "/account/"


def test_nobody_has_anything_left_to_agree_to(town: flask.Flask) -> None:
    with town.test_request_context():
        account = accounts.by_phone(people.phone(MANY - 1))

        assert account is not None
        assert not pending(account.id)


def test_what_is_personal_is_sealed(town: flask.Flask) -> None:
    known = people.person(next(n for n in range(MANY) if people.person(n).name))
    query = text("SELECT phone, profile, phone_index FROM account")
    with town.app_context(), db.engine.connect() as connection:
        raw = connection.execute(query).all()
        found = accounts.by_phone(known.phone)

        assert found is not None
        assert (found.phone, found.profile) == (known.phone, {"name": known.name})
    assert all(value.startswith("intl.k1.") for row in raw for value in row)
    assert len({row.phone_index for row in raw}) == MANY


def test_a_full_database_is_left_as_it_is(filled: Settings) -> None:
    assert filling.fill(filled, MANY, 2).accounts == 0


def test_indexes_that_stood_aside_are_there_again(filled: Settings) -> None:
    with with_engines(filled):
        differing = [found for found in migrations.differences() if found[0] != "remove_table"]
        db.engine.dispose()

    assert differing == []


def test_accounts_of_somebody_else_are_not_joined(empty: Callable[[], Settings]) -> None:
    configured = empty()
    with idp.create_app(configured).app_context():
        db.create_all()
        db.session.add(Account())
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    with with_engines(configured), pytest.raises(ledger.NotOurs), db.engine.begin() as connection:
        ledger.open_(connection)


def test_other_master_keys_are_noticed(filled: Settings, tmp_path: Path) -> None:
    with pytest.raises(filling.Refused, match="other master keys"):
        filling.fill(filled.model_copy(update={"var_dir": tmp_path}), MANY, 1)


def test_a_switch_of_suites_reaches_every_sealed_row(empty: Callable[[], Settings]) -> None:
    configured = empty()
    filling.fill(configured, 60, 1)
    assert switching.identify(configured) == 60

    there, back = switching.switch(configured)

    assert (there.suite, there.rows, there.remain) == ("gm", 120, 0)
    assert (back.suite, back.rows, back.remain) == ("intl", 120, 0)
    assert "rows/s" in there.said


def test_a_switch_that_is_killed_half_way_is_gone_on_with(empty: Callable[[], Settings]) -> None:
    configured = empty()
    filling.fill(configured, PLENTY, 1)
    switching.identify(configured)

    (there,) = switching.switch(
        configured, ("gm",), kill=True, options=("--batch", "2"), look_every=0.005
    )

    assert there.killed is not None
    assert 0 < there.rows <= there.killed.remained <= PLENTY, "nothing is done twice"
    assert there.remain == 0
    assert there.said.startswith("killed after")


def test_a_production_node_is_refused(filled: Settings) -> None:
    with pytest.raises(filling.Refused, match="production"):
        filling.fill(filled.model_copy(update={"environment": "production"}), MANY, 1)


def _server(engines: Engines, statement: str) -> None:
    server = create_engine(engines.database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()
