"""Signing keys: published before they sign, kept after, the same for every process."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flask
import orjson
import pytest
from joserfc import jwt
from sqlalchemy import text

from idp.audit import log
from idp.crypto import sm2
from idp.crypto.errors import AlgorithmOff
from idp.errors import EngineUnavailable
from idp.keys import ALGORITHMS, SigningKeys
from idp.settings import Keys
from idp.store import signing_keys
from idp.store.engines import db
from tests.crypto import node as nodes
from tests.engines.pairs import Engines

SETTINGS = Keys(signing_overlap=timedelta(hours=1), signing_retired=timedelta(days=1))


@pytest.fixture
def node(engines: Engines, tmp_path: Path) -> Iterator[flask.Flask]:
    with nodes.running(engines, tmp_path) as app:
        yield app


@pytest.fixture
def keys(node: flask.Flask) -> SigningKeys:
    return SigningKeys(SETTINGS)


@pytest.fixture
def clock(time_machine):
    """Moves time on; ``clock(hours=1)``."""
    began = datetime.now(UTC)
    passed = timedelta()

    def move(**how: float) -> None:
        nonlocal passed
        passed += timedelta(**how)
        time_machine.move_to(began + passed)

    return move


def kids(keys: SigningKeys, alg: str = "ES256") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"next": [], "current": [], "retired": []}
    for view in keys.views():
        if view.lane == alg:
            found[view.state].append(view.kid)
    return found


def published(keys: SigningKeys) -> set[str]:
    return {key["kid"] for key in keys.jwks()["keys"]}


def verifies(token: str, keys: SigningKeys, alg: str) -> bool:
    return jwt.decode(token, keys.public_keyset(), algorithms=[alg]).claims == {"sub": "1"}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_is_signed_verifies_with_what_is_published(keys, alg):
    signer = keys.signer(alg)
    token = jwt.encode({"alg": alg, "kid": signer.kid}, {"sub": "1"}, signer, algorithms=[alg])
    assert verifies(token, keys, alg)
    assert signer.kid in published(keys)


def test_only_public_parts_are_published(keys):
    for key in keys.jwks()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()
        assert key["use"] == "sig"
        assert key["alg"] in ALGORITHMS
    assert b'"d"' not in keys.jwks_bytes()


def test_private_parts_are_sealed_in_the_database(keys):
    keys.prepare()
    rows = db.session.execute(text("SELECT private FROM signing_key")).all()
    assert len(rows) == 2
    assert all(row[0].startswith("intl.k1.") for row in rows)


def test_the_next_process_uses_the_same_keys(keys):
    assert SigningKeys(SETTINGS).jwks() == keys.jwks()


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(keys, clock):
    old = keys.signer("ES256").kid
    new = keys.rotate(["ES256"])[0]
    assert keys.signer("ES256").kid == old
    assert published(keys) >= {old, new}
    assert kids(keys) == {"next": [new], "current": [old], "retired": []}

    clock(minutes=59, seconds=50)
    assert keys.signer("ES256").kid == old
    clock(seconds=20)
    assert keys.signer("ES256").kid == new, "to the second, though the view is fresh"
    assert kids(keys) == {"next": [], "current": [new], "retired": [old]}

    clock(hours=23, minutes=59)
    assert published(keys) >= {old, new}
    clock(minutes=2)
    assert old not in published(keys)
    assert kids(keys) == {"next": [], "current": [new], "retired": []}


def test_rotating_again_while_a_key_waits_changes_nothing(keys):
    assert keys.rotate(["ES256"]) == keys.rotate(["ES256"])
    assert len(kids(keys)["next"]) == 1


def test_a_key_no_longer_published_is_deleted_at_the_next_rotation(keys, clock):
    old = keys.signer("ES256").kid
    keys.rotate(["ES256"])
    clock(days=2)
    keys.rotate(["ES256"])
    assert old not in [row.kid for row in signing_keys.all_keys()]


def test_a_token_signed_just_before_the_change_verifies_after_it(keys, clock):
    signer = keys.signer("ES256")
    token = jwt.encode({"alg": "ES256", "kid": signer.kid}, {"sub": "1"}, signer)
    keys.rotate(["ES256"])
    clock(hours=2)
    assert verifies(token, keys, "ES256")


def test_other_processes_learn_a_new_key_long_before_it_signs(keys, clock):
    other = SigningKeys(SETTINGS)
    other.prepare()
    new = keys.rotate(["ES256"])[0]
    clock(seconds=31)
    assert new in published(other)


def test_an_unknown_kid_is_looked_up_at_once(keys, clock):
    other = SigningKeys(SETTINGS)
    other.prepare()
    clock(seconds=5)
    new = keys.rotate(["ES256"])[0]
    assert new not in published(other)
    assert any(key.kid == new for key in other.public_keyset(new).keys)


def test_a_stranger_showing_unknown_kids_does_not_flood_sql(keys, monkeypatch):
    keys.prepare()
    monkeypatch.setattr(signing_keys, "all_keys", lambda: pytest.fail("asked SQL"))
    for n in range(100):
        keys.public_keyset(f"unknown-{n}")


def test_a_warm_process_asks_sql_nothing(keys, monkeypatch):
    keys.prepare()
    monkeypatch.setattr(signing_keys, "all_keys", lambda: pytest.fail("asked SQL"))
    for _ in range(100):
        keys.signer("ES256")
        keys.jwks_bytes()


def test_signing_goes_on_while_sql_is_down(keys, clock, monkeypatch):
    kid = keys.signer("ES256").kid
    new = keys.rotate(["ES256"])[0]

    def down():
        raise EngineUnavailable

    monkeypatch.setattr(signing_keys, "all_keys", down)
    clock(minutes=10)
    assert keys.signer("ES256").kid == kid
    clock(hours=1)
    assert keys.signer("ES256").kid == new, "the change was known before"
    monkeypatch.undo()
    clock(minutes=1)
    assert keys.signer("ES256").kid == new


def test_without_sql_the_first_question_fails_plainly(keys, monkeypatch):
    def down():
        raise EngineUnavailable

    monkeypatch.setattr(signing_keys, "all_keys", down)
    with pytest.raises(EngineUnavailable):
        keys.signer("ES256")


@pytest.mark.parametrize("waiting", [False, True])
def test_a_leaked_key_is_replaced_at_once(keys, clock, waiting):
    leaked = keys.signer("ES256").kid
    if waiting:
        keys.rotate(["ES256"])
    other = SigningKeys(SETTINGS)
    other.prepare()

    new = keys.replace("ES256")

    assert kids(keys) == {"next": [], "current": [new], "retired": []}
    clock(seconds=31)
    assert other.signer("ES256").kid == new
    assert leaked not in published(other)
    assert len(kids(keys, "RS256")["current"]) == 1


def test_processes_starting_together_make_one_key_each(engines, tmp_path):
    with nodes.running(engines, tmp_path):
        found = in_parallel(engines, tmp_path, lambda keys: keys.jwks_bytes())
    assert len(set(found)) == 1


def test_processes_rotating_together_agree(engines, tmp_path):
    with nodes.running(engines, tmp_path):
        SigningKeys(SETTINGS).prepare()
        found = in_parallel(engines, tmp_path, lambda keys: tuple(keys.rotate(["ES256"])))
        assert len(set(found)) == 1
        assert len(kids(SigningKeys(SETTINGS))["next"]) == 1


def in_parallel(engines, directory, ask) -> list:
    answers: list = []
    barrier = threading.Barrier(4)

    def run(app: flask.Flask) -> None:
        with app.app_context():
            barrier.wait()
            answers.append(ask(SigningKeys(SETTINGS)))
            db.engine.dispose()
        app.extensions["redis"].close()

    threads = [
        threading.Thread(target=run, args=(nodes.another_process(engines, directory),))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    return answers


def test_sm2_keys_live_by_the_same_rules_and_are_published_apart(node, clock):
    keys = SigningKeys(SETTINGS.model_copy(update={"sm2": True}))
    old = keys.signer(sm2.ALG).kid
    new = keys.rotate([sm2.ALG])[0]
    assert kids(keys, sm2.ALG) == {"next": [new], "current": [old], "retired": []}
    assert b"sm2" not in keys.jwks_bytes()
    assert {key["kid"] for key in orjson.loads(keys.jwks_bytes("gm"))["keys"]} == {old, new}
    assert b'"d"' not in keys.jwks_bytes("gm")

    clock(hours=2)
    assert keys.signer(sm2.ALG).kid == new
    assert {key.kid for key in keys.public_keyset().keys} >= {old, new}
    leaked = keys.replace(sm2.ALG)
    assert kids(keys, sm2.ALG) == {"next": [], "current": [leaked], "retired": []}
    clock(days=3)
    keys.rotate()
    assert len(kids(keys, sm2.ALG)["next"]) == 1
    sealed = db.session.execute(text("SELECT private FROM signing_key")).all()
    assert all(row[0].startswith("intl.k1.") for row in sealed)


def test_sm2_keys_wait_while_they_are_turned_off(keys):
    on = SigningKeys(SETTINGS.model_copy(update={"sm2": True}))
    kid = on.signer(sm2.ALG).kid

    keys.rotate()
    assert kid not in {view.kid for view in keys.views()}
    for refused in (keys.signer, keys.replace):
        with pytest.raises(AlgorithmOff):
            refused(sm2.ALG)

    assert SigningKeys(SETTINGS.model_copy(update={"sm2": True})).signer(sm2.ALG).kid == kid


def test_rotation_is_audited(keys):
    keys.rotate(["ES256"])
    log.chain()
    events = list(log.export())
    assert len(events) == 3, "two first keys and one more"
    assert all(b'"action":"keys.rotated"' in event for event in events)


def test_rotation_leaves_the_callers_transaction_alone(keys):
    keys.prepare()
    db.session.execute(text("SELECT 1"))
    keys.rotate()
    db.session.rollback()
    assert len(kids(keys)["next"]) == 1
