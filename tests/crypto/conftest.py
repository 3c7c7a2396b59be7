"""A bare node for what needs tables."""

from collections.abc import Iterator
from pathlib import Path

import flask
import pytest

from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from tests.crypto import node as nodes
from tests.engines.pairs import Engines


@pytest.fixture
def node(engines: Engines, tmp_path: Path) -> Iterator[flask.Flask]:
    with nodes.running(engines, tmp_path) as app:
        yield app


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "ring.toml", made_for="testing")


@pytest.fixture
def sealer(ring: KeyRing) -> Sealer:
    return Sealer(ring)
