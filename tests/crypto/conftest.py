"""A bare node for what needs tables."""

from collections.abc import Iterator
from pathlib import Path

import flask
import pytest

from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from idp.crypto.suites import SUITES
from tests.crypto import node as nodes
from tests.engines.pairs import Engines


@pytest.fixture
def node(engines: Engines, tmp_path: Path) -> Iterator[flask.Flask]:
    with nodes.running(engines, tmp_path) as app:
        yield app


@pytest.fixture(params=SUITES)
def ring(tmp_path: Path, request: pytest.FixtureRequest) -> KeyRing:
    """A ring whose first key belongs to each suite in turn."""
    return KeyRing.create(tmp_path / "ring.toml", made_for="testing", suite=request.param)


@pytest.fixture
def sealer(ring: KeyRing) -> Sealer:
    return Sealer(ring)
