"""Sealed values open for whom and what they were sealed for, and for nothing else."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from idp.crypto.errors import CannotOpen, UnknownKey
from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from idp.crypto.suites import SUITES

always = hypothesis(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.text(st.characters(codec="utf-8"))


@always
@given(text=texts, bound_to=texts)
def test_what_was_sealed_opens_unchanged(sealer, text, bound_to):
    value = sealer.seal("phone", text, bound_to)
    assert sealer.open("phone", value, bound_to) == text
    assert value.startswith(f"{sealer.suite.name}.k1.")
    assert sealer.is_current(value)


@always
@given(text=texts, where=st.integers(0, 10_000), bit=st.integers(0, 5))
def test_a_changed_letter_never_opens(sealer, text, where, bit):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    head, _, letters = sealer.seal("phone", text).rpartition(".")
    at = where % (len(letters) - 1)  # the last letter may hold bits that carry nothing
    other = alphabet[alphabet.index(letters[at]) ^ 1 << bit]
    with pytest.raises(CannotOpen):
        sealer.open("phone", f"{head}.{letters[:at]}{other}{letters[at + 1 :]}")


def test_a_value_moved_to_another_purpose_or_person_does_not_open(sealer):
    value = sealer.seal("phone", "+8613800000000", "anna")
    for purpose, bound_to in [("name", "anna"), ("phone", "bo"), ("phone", "")]:
        with pytest.raises(CannotOpen):
            sealer.open(purpose, value, bound_to)


@pytest.mark.parametrize(
    "value",
    ["", "x", "intl.k1.", "intl.k1.AAAA", "intl.k1.A", "gm9.k1.AAAA", "intl.k1.AA!A", "a.b.c"],
)
def test_what_is_no_sealed_value_is_refused(sealer, value):
    with pytest.raises(CannotOpen) as refusal:
        sealer.open("phone", value)
    assert refusal.value.__cause__ is None


def test_a_value_under_a_lost_key_names_the_key(sealer):
    with pytest.raises(UnknownKey, match="k7"):
        sealer.open("phone", "intl.k7." + "A" * 64)


def test_a_key_opens_nothing_that_names_another_suite(sealer):
    suite, kid, rest = sealer.seal("phone", "+8613800000000").split(".")
    other = next(name for name in SUITES if name != suite)
    with pytest.raises(CannotOpen, match="another suite"):
        sealer.open("phone", f"{other}.{kid}.{rest}")


@pytest.mark.parametrize("other", SUITES)
def test_another_suite_comes_with_another_key_and_the_old_one_stays_readable(sealer, ring, other):
    old, index = sealer.seal("phone", "+8613800000000"), sealer.index("phone", "+8613800000000")
    tag = sealer.tag("audit", b"x")

    ring.activate(ring.add(other))

    assert sealer.seal("phone", "x").startswith(f"{other}.k2.")
    assert sealer.open("phone", old) == "+8613800000000"
    assert index in sealer.indexes("phone", "+8613800000000")
    assert sealer.is_genuine("audit", b"x", tag)
    assert KeyRing.load(ring.path).suite_of("k2").name == other


def test_sealing_twice_never_gives_the_same_value(sealer):
    assert len({sealer.seal("phone", "+8613800000000") for _ in range(100)}) == 100


def test_values_under_an_older_key_stay_readable(sealer, ring):
    old = sealer.seal("phone", "+8613800000000")
    ring.activate(ring.add())

    assert sealer.open("phone", old) == "+8613800000000"
    assert not sealer.is_current(old)
    assert sealer.is_current(sealer.seal("phone", "+8613800000000"))


@always
@given(text=texts, other=texts)
def test_an_index_finds_its_text_and_no_other(sealer, text, other):
    assert sealer.index("phone", text) == sealer.index("phone", text)
    assert (sealer.index("phone", text) == sealer.index("phone", other)) == (text == other)
    assert sealer.index("phone", text) != sealer.index("name", text)


def test_an_index_is_found_under_every_key(sealer, ring):
    old = sealer.index("phone", "+8613800000000")
    ring.activate(ring.add())

    indexes = sealer.indexes("phone", "+8613800000000")

    assert indexes == [sealer.index("phone", "+8613800000000"), old]
    assert all(len(index) <= 64 for index in indexes)


@always
@given(data=st.binary(), other=st.binary())
def test_a_tag_belongs_to_its_data(sealer, data, other):
    tag = sealer.tag("audit", data)
    assert sealer.is_genuine("audit", data, tag)
    assert sealer.is_genuine("audit", other, tag) == (data == other)
    assert not sealer.is_genuine("other", data, tag)


def test_a_tag_outlives_its_key_being_current(sealer, ring):
    tag = sealer.tag("audit", b"x")
    ring.activate(ring.add())
    assert sealer.is_genuine("audit", b"x", tag)
    assert not sealer.is_genuine("audit", b"x", "nonsense")


def test_a_mac_is_made_by_the_suite_of_its_key_and_can_be_made_again(sealer, ring):
    kid, mac = ring.current, sealer.mac("receipt", b"x")
    ring.activate(ring.add("gm"))
    assert sealer.mac("receipt", b"x", kid) == mac
    _, key = sealer.hmac_key("receipt")
    assert sealer.mac("receipt", b"x") == SUITES["gm"].mac(key, b"x") != mac


@pytest.mark.parametrize("suite", SUITES.values(), ids=list(SUITES))
def test_a_suite_names_itself_and_keeps_its_contract(suite):
    key = bytes(range(32))
    assert SUITES[suite.name] is suite
    assert suite.decrypt(key, suite.encrypt(key, b"text", b"here"), b"here") == b"text"
    assert len(suite.mac(key, b"data")) == 32
    with pytest.raises(ValueError, match="belongs elsewhere"):
        suite.decrypt(key, suite.encrypt(key, b"text", b"here"), b"there")


def test_values_of_the_first_release_stay_readable(tmp_path):
    """Whatever changes inside, these must open: they stand for every database out there."""
    path = tmp_path / "keys.toml"
    path.write_text(f'made_for = "testing"\ncurrent = "k1"\n[keys]\nk1 = "{"A" * 43}="\n')
    path.chmod(0o600)
    sealer = Sealer(KeyRing.load(path))

    assert sealer.open("phone", KEPT["sealed"], "bound") == "+8613800000000"
    assert sealer.index("phone", "+8613800000000") == KEPT["index"]
    assert sealer.is_genuine("audit.link", b"data", KEPT["tag"])


def test_sm3_and_sm4_are_those_of_the_standards():
    """GB/T 32905 and GB/T 32907, their own first examples."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == SM3_ABC
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    block = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(key)
    assert block.hex() == "681edf34d206965e86b3e94f536e4246"


@always
@given(key=st.binary(min_size=1, max_size=64), data=st.binary())
def test_the_chinese_mac_is_hmac_with_sm3(key, data):
    """RFC 2104, written out."""
    padded = key.ljust(64, b"\0")
    inner = _sm3(bytes(b ^ 0x36 for b in padded) + data)
    assert SUITES["gm"].mac(key, data) == _sm3(bytes(b ^ 0x5C for b in padded) + inner)


def _sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"

KEPT = {
    "sealed": "intl.k1.C5U_dB1e0apzWhz5eNn2kBqid8rB8Qq2bjEEXS0OcEy-AdVtuHbIr1Sc5c8-_JSVWrzdyTe2",
    "index": "intl.k1._aGrLbEekVjDnc1i7uAUAMpoyII",
    "tag": "intl.k1.I9diWSgxSa5AVfRirJsQHquQ4gc6z17pe2ZqiNhjXFE",
}
