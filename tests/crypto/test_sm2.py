"""SM2 signatures: the standard's own vector, and three others who must agree with us."""

import ctypes
import shutil
import subprocess
import threading
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.crypto import base64url, libcrypto, sm2
from idp.crypto.errors import Sm2Missing
from idp.crypto.sm2 import ALG, Sm2Key, Sm2WithSm3
from tests.crypto import textbook
from tests.engines.pairs import require

X = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
Y = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
D = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
R = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
S = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
"""GB/T 32918.5 annex A: what signs «message digest»."""
MESSAGE, SIGNATURE = b"message digest", bytes.fromhex(R + S)
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")

algorithm = Sm2WithSm3()


def jwk(**changed: str) -> dict[str, str]:
    numbers = {
        name: base64url.encode(bytes.fromhex(v)) for name, v in zip("xyd", (X, Y, D), strict=True)
    }
    return {"kty": "EC", "crv": "sm2p256v1", **numbers, **changed}


@pytest.fixture(scope="module")
def key() -> Any:
    return Sm2Key.generate_key()


def public(key: Any) -> tuple[int, int]:
    return tuple(int.from_bytes(urlsafe_b64decode(key[n] + "=")) for n in "xy")  # type: ignore[return-value]


def test_the_standards_own_signature_verifies():
    known = Sm2Key.import_key({k: v for k, v in jwk().items() if k != "d"})
    assert not known.is_private
    assert algorithm.verify(MESSAGE, SIGNATURE, known)
    assert textbook.verifies(public(known), MESSAGE, SIGNATURE)


@hypothesis(max_examples=15, deadline=None)
@given(message=st.binary(max_size=300))
def test_what_we_sign_verifies_by_the_textbook(message):
    key = Sm2Key.import_key(jwk())
    assert textbook.verifies(public(key), message, algorithm.sign(message, key))


def test_what_we_sign_verifies_with_the_openssl_command(key, tmp_path: Path):
    require("" if shutil.which("openssl") else "the openssl command is not installed")
    x, y = (n.to_bytes(32) for n in public(key))
    der = b64encode(SPKI + x + y).decode()
    (tmp_path / "key.pem").write_text(
        f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n"
    )
    signature = algorithm.sign(MESSAGE, key)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    (tmp_path / "signature").write_bytes(encode_dss_signature(r, s))

    def verified(message: bytes) -> bool:
        (tmp_path / "message").write_bytes(message)
        asked = "pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -in message"
        more = "-sigfile signature -pkeyopt distid:1234567812345678"
        command = ["openssl", *asked.split(), *more.split()]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        return done.returncode == 0

    assert verified(MESSAGE)
    assert not verified(b"another")


def test_gmssl_and_we_verify_each_other(key):
    """What many a portal uses."""
    gmssl = pytest.importorskip("gmssl_pyx")
    x, y = (n.to_bytes(32) for n in public(key))
    number = urlsafe_b64decode(key["d"] + "=")

    ours = algorithm.sign(MESSAGE, key)
    r, s = int.from_bytes(ours[:32]), int.from_bytes(ours[32:])
    assert gmssl.sm2_verify(x + y, MESSAGE, encode_dss_signature(r, s))

    r, s = decode_dss_signature(gmssl.sm2_sign(number, x + y, MESSAGE))
    assert algorithm.verify(MESSAGE, r.to_bytes(32) + s.to_bytes(32), key)


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_changed_signature_or_message_never_verifies(key, at):
    signature = algorithm.sign(MESSAGE, key)
    changed = bytearray(signature)
    changed[at] ^= 1
    assert algorithm.verify(MESSAGE, signature, key)
    assert not algorithm.verify(MESSAGE, bytes(changed), key)
    assert not algorithm.verify(MESSAGE + b".", signature, key)
    assert not algorithm.verify(MESSAGE, signature, Sm2Key.generate_key())


@pytest.mark.parametrize(
    "signature", [b"", b"\0" * 64, b"\xff" * 64, SIGNATURE[:63], SIGNATURE * 2]
)
def test_what_is_no_signature_is_refused_and_nothing_breaks(signature):
    assert not algorithm.verify(MESSAGE, signature, Sm2Key.import_key(jwk()))


def test_a_refusal_leaves_nothing_for_the_next_tls_connection_to_stumble_over(key):
    algorithm.verify(MESSAGE, b"\xff" * 64, key)
    peek = ctypes.CDLL("libcrypto.so.3").ERR_peek_error
    peek.restype = ctypes.c_ulong
    assert peek() == 0


def test_a_name_for_the_curve_is_not_a_point_on_it():
    off = base64url.encode(bytes.fromhex(X[:-1] + "1"))
    for wrong in (jwk(x=off), jwk(crv="P-256"), jwk(y=jwk()["x"]), jwk(d=jwk()["x"]), jwk(x="AA")):
        with pytest.raises((ValueError, JoseError)):
            Sm2Key.import_key(wrong)
        with pytest.raises((ValueError, JoseError)):
            Sm2Key.import_key({k: v for k, v in wrong.items() if k != "d"} | {"x": off})


def test_only_public_parts_leave_and_the_key_says_what_it_is(key):
    assert key.as_dict(private=False).keys() == {"kty", "crv", "x", "y"}
    assert {key["kty"], key["crv"]} == {"EC", "sm2p256v1"}
    assert Sm2Key.import_key(key.as_dict(private=True)).as_dict() == key.as_dict()


def test_a_token_is_bound_to_its_algorithm(key):
    signing = Sm2Key.import_key({**key.as_dict(private=True), "kid": "k", "alg": ALG})
    token = jwt.encode({"alg": ALG, "kid": "k"}, {"sub": "1"}, signing, algorithms=[ALG])
    keys = KeySet([signing])

    assert jwt.decode(token, keys, algorithms=[ALG]).claims == {"sub": "1"}
    with pytest.raises(JoseError):
        jwt.decode(token, keys, algorithms=["ES256"])
    with pytest.raises(JoseError):
        jwt.encode({"alg": "ES256", "kid": "k"}, {"sub": "1"}, signing, algorithms=["ES256"])
    with pytest.raises(JoseError):
        jwt.decode(token, keys)  # nobody accepts it who has not named it


def test_threads_may_share_a_key(key):
    good = []

    def sign() -> None:
        for n in range(50):
            message = bytes([n])
            good.append(algorithm.verify(message, algorithm.sign(message, key), key))

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [True] * 200


def test_a_machine_without_it_says_so(monkeypatch):
    monkeypatch.setattr(libcrypto, "_NAMES", ("libnothing.so",))
    libcrypto._library.cache_clear()
    with pytest.raises(Sm2Missing, match="libnothing"):
        sm2.require()
    libcrypto._library.cache_clear()


def test_an_openssl_without_the_curve_says_so(monkeypatch):
    monkeypatch.setattr(libcrypto, "_ON_SM2", libcrypto._ON_SM2.replace(b"\x81", b"\x82"))
    with pytest.raises(Sm2Missing, match="without SM2"):
        sm2.require()
