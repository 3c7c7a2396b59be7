"""New signing keys while people sign in: nobody who verifies notices."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.faults.node import OVERLAP
from tests.faults.rig import Limits, Rig
from tests.faults.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

CACHED = 2.0
"""Seconds a portal keeps our keys before it looks again."""


class Verifier(threading.Thread):
    """A portal that verifies every token with the keys it fetched some time ago."""

    def __init__(self, rig: Rig):
        super().__init__(daemon=True)
        self.tokens = rig.place.promises.id_tokens
        self.http = Wire(rig.place.ports, rig.ledger, "verifier").test_client()
        self.over = threading.Event()
        self.failed: list[str] = []
        self.kids: set[str] = set()
        self.verified = 0

    def run(self) -> None:
        keys, fetched = KeySet([]), 0.0
        while not self.over.wait(0.05):
            if time.monotonic() - fetched > CACHED:
                keys, fetched = self._keys(), time.monotonic()
            while self.tokens:
                self._verify(self.tokens.popleft(), keys)

    def _keys(self) -> KeySet:
        found: Any = self.http.get("/jwks.json").json
        return KeySet.import_key_set(found)

    def _verify(self, token: str, keys: KeySet) -> None:
        try:
            found = jws.deserialize_compact(token, keys, algorithms=["ES256"])
        except (JoseError, ValueError) as error:
            self.failed.append(f"{type(error).__name__}: {error}")
            return
        self.kids.add(str(found.headers()["kid"]))
        self.verified += 1


@contextmanager
def rotated(rig: Rig) -> Iterator[Verifier]:
    rig.place.promises.id_tokens.clear()
    verifier = Verifier(rig)
    verifier.start()
    rig.node.command("keys", "rotate")
    time.sleep(OVERLAP + 3.0)
    yield verifier
    verifier.over.set()
    verifier.join()
    assert verifier.failed == []
    assert len(verifier.kids) == 2, "the new key never signed, or another did"
    assert verifier.verified > OVERLAP


def test_keys_rotate_under_load_and_every_token_verifies(rig: Rig) -> None:
    limits = Limits(5, 5, spotless=True)
    result = rig.through("signing keys rotate", rotated(rig), limits, lasts=0.0)
    assert result.wrong == ()
