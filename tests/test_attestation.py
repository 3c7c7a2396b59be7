"""Whose word for hardware is taken (WebAuthn Level 3, §8), and that rubbish is refused."""

import json
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import cbor2
import flask
import pytest
from pydantic import ValidationError

from idp import passkeys, settings
from idp.attestation import Trust, is_trusted
from idp.crypto import base64url
from idp.errors import IdpError
from tests.authenticator import ZERO, Authenticator, Maker

OPTIONS = {
    "rp": {"id": "localhost"},
    "user": {"id": base64url.encode(b"h" * 64)},
    "challenge": base64url.encode(b"c" * 32),
}
MODEL = str(UUID(bytes=ZERO))


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker()


def made(maker: Maker | None, fmt: str = "") -> bytes:
    answer = json.loads(Authenticator(synchronised=False).make(OPTIONS, maker))
    found: dict[str, Any] = cbor2.loads(base64url.decode(answer["response"]["attestationObject"]))
    return cbor2.dumps({**found, "fmt": fmt or found["fmt"]})


def trusting(*makers: Maker, models: tuple[str, ...] = ()) -> Trust:
    return Trust(tuple(each.pem for each in makers), frozenset(models))


class TestTrust:
    def test_a_named_makers_word_is_taken(self, maker: Maker) -> None:
        assert is_trusted(made(maker), MODEL, trusting(Maker(), maker))

    def test_nobody_elses_is(self, maker: Maker) -> None:
        assert not is_trusted(made(maker), MODEL, trusting(Maker()))
        assert not is_trusted(made(maker), MODEL, trusting())
        assert not is_trusted(made(None), MODEL, trusting(maker))

    @pytest.mark.parametrize("fmt", ["apple", "android-key", "android-safetynet", "fido-u2f"])
    def test_no_format_is_whose_roots_the_library_brings(self, maker: Maker, fmt: str) -> None:
        assert not is_trusted(made(maker, fmt), MODEL, trusting(maker))

    def test_of_named_models_no_other_is(self, maker: Maker) -> None:
        other = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
        assert not is_trusted(made(maker), MODEL, trusting(maker, models=(other,)))
        assert is_trusted(made(maker), MODEL, trusting(maker, models=(other, MODEL)))

    def test_files_hold_several_roots(self, maker: Maker, tmp_path: Path) -> None:
        file = tmp_path / "roots.pem"
        file.write_bytes(Maker().pem + maker.pem)
        trust = Trust.of(settings.Passkeys(trust_anchors=(file,), models=(UUID(MODEL),)))

        assert is_trusted(made(maker), MODEL, trust)

    @pytest.mark.parametrize("content", [None, b"", b"no certificate"])
    def test_a_file_without_one_stops_the_start(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "roots.pem"
        if content is not None:
            file.write_bytes(content)

        with pytest.raises(ValidationError, match="holds no PEM certificates"):
            settings.Passkeys(trust_anchors=(file,))


def test_what_is_malformed_is_refused_and_nothing_else(app: flask.Flask, maker: Maker) -> None:
    """Every field of an answer, bytes of it changed at random: never an error of ours."""
    chance = random.Random(7392)
    with app.app_context():
        site = passkeys.Site.of(settings.current)
        for each in range(300):
            options = json.loads(passkeys.ask_new(site, "someone", [], "138****8000"))
            answer = json.loads(Authenticator().make(options, maker if each % 2 else None))
            field = chance.choice(["attestationObject"] * 4 + ["clientDataJSON"])
            raw = bytearray(base64url.decode(answer["response"][field]))
            for _ in range(chance.choice([1, 1, 2, 5])):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            answer["response"][field] = base64url.encode(bytes(raw))
            try:
                passkeys.new(site, "someone", json.dumps(answer))
            except IdpError:
                continue
