"""Where the master keys live, and who may use which."""

from multiprocessing import get_context
from pathlib import Path

import pytest

from idp import settings
from idp.crypto import keyring
from idp.crypto.errors import (
    KeyFileBroken,
    KeyFileExposed,
    KeyFileMissing,
    KeysNotForProduction,
    KeyStillUsed,
    UnknownKey,
)
from idp.crypto.keyring import KeyRing

PRODUCTION = {
    "environment": "production",
    "issuer": "https://id.jia.test",
    "store": {"database_url": "postgresql+psycopg://db/x", "redis_url": "redis://r/0"},
    "sms": {"providers": ("gateway",), "gateway": {"endpoint": "https://x.test", "token": "t"}},
}


def production(directory: Path) -> settings.Settings:
    return settings.load(var_dir=directory, **PRODUCTION)


def test_the_first_start_outside_production_makes_the_keys(tmp_path):
    made = keyring.for_node(settings.load(environment="development", var_dir=tmp_path))
    again = keyring.for_node(settings.load(environment="development", var_dir=tmp_path))

    assert made.derive("k1", "x") == again.derive("k1", "x")
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.toml"]


def test_production_never_makes_its_keys_by_itself(tmp_path):
    with pytest.raises(KeyFileMissing) as refusal:
        keyring.for_node(production(tmp_path))
    assert str(tmp_path / "keys.toml") in str(refusal.value)


@pytest.mark.parametrize("made_for", ["demo", "development", "testing"])
def test_production_refuses_keys_made_elsewhere(tmp_path, made_for):
    KeyRing.create(tmp_path / "keys.toml", made_for=made_for)
    with pytest.raises(KeysNotForProduction):
        keyring.for_node(production(tmp_path))


def test_production_takes_keys_made_for_it(tmp_path):
    KeyRing.create(tmp_path / "keys.toml")
    assert keyring.for_node(production(tmp_path)).current == "k1"


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666, 0o604])
def test_a_key_file_open_to_others_is_refused(ring, mode):
    ring.path.chmod(mode)
    with pytest.raises(KeyFileExposed):
        KeyRing.load(ring.path)


def test_a_key_file_the_group_may_read_is_accepted(ring):
    ring.path.chmod(0o640)
    assert KeyRing.load(ring.path).kids == ("k1",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        'made_for = "testing"\ncurrent = "k1"\n[keys]\n',
        'made_for = "testing"\ncurrent = "k2"\n[keys]\nk1 = "' + "A" * 43 + '="\n',
        'made_for = "testing"\ncurrent = "k1"\n[keys]\nk1 = "c2VjcmV0LXRvby1zaG9ydA=="\n',
        'made_for = "testing"\ncurrent = "k1"\n[keys]\nk1 = 5\n',
        'made_for = "testing"\ncurrent = "k1"\nkeys = "c2VjcmV0"\n',
    ],
)
def test_a_damaged_key_file_is_refused_without_quoting_it(tmp_path, text):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileBroken) as refusal:
        KeyRing.load(path)
    assert "c2Vjcm" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_each_purpose_and_each_key_gives_another_key(ring):
    kid = ring.add()
    derived = {ring.derive(k, p) for k in ("k1", kid) for p in ("a", "b", "ab")}
    assert len(derived) == 6


def test_a_new_key_writes_nothing_before_it_is_made_current(ring):
    kid = ring.add()
    assert (ring.current, ring.kids) == ("k1", ("k1", kid))

    ring.activate(kid)

    assert (ring.current, ring.kids) == (kid, (kid, "k1"))
    assert KeyRing.load(ring.path).current == kid


def test_a_running_process_learns_a_key_added_since_it_started(ring):
    old = KeyRing.load(ring.path)
    kid = ring.add()
    assert old.derive(kid, "x") == ring.derive(kid, "x")


def test_an_unknown_key_is_named_not_guessed(ring):
    with pytest.raises(UnknownKey):
        ring.derive("k9", "x")


def test_the_current_key_cannot_be_dropped(ring):
    with pytest.raises(KeyStillUsed):
        ring.drop("k1")


def test_a_dropped_key_is_gone(ring):
    ring.activate(ring.add())
    ring.drop("k1")
    assert KeyRing.load(ring.path).kids == ("k2",)
    with pytest.raises(UnknownKey):
        ring.derive("k1", "never before")


def test_workers_starting_together_use_one_file(tmp_path):
    path = tmp_path / "keys.toml"
    with get_context("spawn").Pool(4) as pool:
        keys = pool.map(_start, [path] * 8)
    assert len(set(keys)) == 1


def _start(path: Path) -> bytes:
    return KeyRing.create(path, made_for="testing").derive("k1", "x")
