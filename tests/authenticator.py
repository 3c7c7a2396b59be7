"""An authenticator in software: makes passkeys and signs with them (WebAuthn Level 3, §6)."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idp.crypto import base64url

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
ZERO = bytes(16)
VOUCHING = "Authenticator Attestation"
MODEL_OID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


@dataclass
class Key:
    """One passkey. Change what it says of itself to see it refused."""

    rp_id: str
    id: bytes
    handle: bytes
    private: ec.EllipticCurvePrivateKey
    count: int = 0


@dataclass
class Authenticator:
    origin: str = "http://localhost:8000"
    synchronised: bool = True
    counts: bool = False
    """Whether it keeps a counter; synchronised ones do not."""
    verifies: bool = True
    within: bool = False
    """Whether it is asked by a page within another site's."""
    tells_whose: bool = True
    model: bytes = ZERO
    keys: list[Key] = field(default_factory=list)

    def make(self, options: dict[str, Any], maker: "Maker | None" = None) -> str:
        """The answer to a request for a new passkey, as the page's script sends it."""
        key = Key(
            options["rp"]["id"],
            secrets.token_bytes(32),
            base64url.decode(options["user"]["id"]),
            ec.generate_private_key(ec.SECP256R1()),
        )
        self.keys.append(key)
        client = self._client("webauthn.create", options["challenge"])
        public = key.private.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32), -3: public.y.to_bytes(32)}
        )
        credential = self.model + len(key.id).to_bytes(2) + key.id + cose
        data = self._data(key, AT) + credential
        statement = maker.vouch(data + sha256(client).digest()) if maker else ("none", {})
        attested = {"fmt": statement[0], "attStmt": statement[1], "authData": data}
        response = {
            "clientDataJSON": base64url.encode(client),
            "attestationObject": base64url.encode(cbor2.dumps(attested)),
            "transports": ["internal"],
        }
        return _written(key, response)

    def sign(self, options: dict[str, Any], key: Key | None = None) -> str:
        """The answer to a request for a proof, by the last passkey made or by ``key``."""
        key = key or self.keys[-1]
        if self.counts:
            key.count += 1
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(key, 0)
        signed = key.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": base64url.encode(client),
            "authenticatorData": base64url.encode(data),
            "signature": base64url.encode(signed),
        }
        if self.tells_whose:
            response["userHandle"] = base64url.encode(key.handle)
        return _written(key, response)

    def _client(self, kind: str, challenge: str) -> bytes:
        said: dict[str, Any] = {"type": kind, "challenge": challenge, "origin": self.origin}
        said |= {"crossOrigin": self.within}
        return json.dumps(said).encode()

    def _data(self, key: Key, more: int) -> bytes:
        flags = UP | more | (UV if self.verifies else 0)
        flags |= (BE | BS) if self.synchronised else 0
        return sha256(key.rp_id.encode()).digest() + bytes([flags]) + key.count.to_bytes(4)


class Maker:
    """A maker of security keys, with a root certificate and one for a batch of keys."""

    def __init__(self) -> None:
        self._root = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("Test root", self._root, "Test root", self._root, ca=True)
        self.certifies()

    def certifies(self, unit: str = VOUCHING, *, ca: bool = False, model: bytes = b"") -> "Maker":
        """Its next batch of keys has a certificate like this."""
        self._leaf = ec.generate_private_key(ec.SECP256R1())
        self._batch = _certificate(
            "Test batch", self._leaf, "Test root", self._root, ca=ca, unit=unit, model=model
        )
        return self

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def vouch(self, signed: bytes) -> tuple[str, dict[str, Any]]:
        """A packed attestation (§8.2)."""
        signature = self._leaf.sign(signed, ec.ECDSA(hashes.SHA256()))
        return "packed", {
            "alg": -7,
            "sig": signature,
            "x5c": [self._batch.public_bytes(Encoding.DER)],
        }


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    unit: str = VOUCHING,
    model: bytes = b"",
) -> x509.Certificate:
    def name(common: str, unit: str = VOUCHING) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject, unit))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if model:
        named = x509.UnrecognizedExtension(MODEL_OID, b"\x04\x10" + model)
        builder = builder.add_extension(named, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _written(key: Key, response: dict[str, Any]) -> str:
    id_ = base64url.encode(key.id)
    return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response})
