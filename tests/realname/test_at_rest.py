"""A hundred thousand names and numbers, sealed, indexed and masked in both suites."""

from datetime import date
from pathlib import Path
from random import Random

import pytest

from idp.crypto import masking
from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from idp.crypto.suites import SUITES
from idp.realname import documents, names
from tests.realname import made_up

PEOPLE = 100_000
"""In each suite; a minute for both on a busy machine."""
SEED = 20261122
TODAY = date(2026, 11, 22)


def test_every_kind_of_document_is_among_them() -> None:
    chance = Random(SEED)
    assert {made_up.number(chance)[0] for _ in range(1000)} == set(documents.KINDS)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("suite", SUITES)
def test_whatever_people_are_called_and_carry_comes_back_and_is_found(suite: str, tmp_path: Path):
    sealer = Sealer(KeyRing.create(tmp_path / "keys.toml", "testing", suite))
    chance = Random(SEED)
    index_of: dict[str, str] = {}
    for _ in range(PEOPLE):
        name, (kind, number) = made_up.name(chance), made_up.number(chance)
        key = documents.read(kind, number, TODAY).key
        assert names.read(name) == name

        for purpose, text in (("real_name", name), ("id_number", number), ("document", key)):
            sealed = sealer.seal(purpose, text)
            assert sealer.open(purpose, sealed) == text
        index = sealer.index("document", key)
        assert index_of.setdefault(key, index) == index
        shown = masking.name(name)
        assert len(shown) == min(len(name), 12)
        assert shown.replace(masking.STAR, "") in {"", name[0], name[0] + name[-1]}
        assert masking.STAR in shown
        hidden(masking.id_number(number), number, 8)

    assert len(set(index_of.values())) == len(index_of), "two documents share an index"
    ring = sealer.ring
    ring.activate(ring.add(next(other for other in SUITES if other != suite)))
    for key in Random(SEED).sample(sorted(index_of), 1000):
        assert index_of[key] in sealer.indexes("document", key)
        assert sealer.index("document", key) != index_of[key]


def hidden(shown: str, text: str, most: int) -> None:
    """As long as the text, and at most ``most`` of its signs."""
    assert len(shown) == len(text)
    kept = [(one, other) for one, other in zip(shown, text, strict=True) if one != masking.STAR]
    assert all(one == other for one, other in kept)
    assert len(kept) <= min(most, len(text) - 1)
