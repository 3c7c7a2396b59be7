"""Whether a maker vouches for the hardware a passkey is in (WebAuthn Level 3, §6.5, §8).

The signatures over an attestation were verified before. Here its certificates are: they lead to
roots the operator has named, and to no others that a library knows.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from webauthn.helpers import parse_attestation_object, validate_certificate_chain
from webauthn.helpers.exceptions import InvalidCertificateChain, WebAuthnException
from webauthn.helpers.structs import AttestationFormat

from idp.settings import Passkeys

_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
"""id-fido-gen-ce-aaguid: the model a certificate is for, an OCTET STRING within the value."""
_OCTETS_OF_16 = b"\x04\x10"
_FORMATS = (AttestationFormat.PACKED, AttestationFormat.TPM)
"""In which hardware alone holds the key, and whose every rule for certificates is kept here or by
the library. Others may be attested by software, or cannot verify their user.
"""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word for hardware is taken."""

    roots: tuple[bytes, ...]
    """PEM, one certificate each."""
    models: frozenset[str]
    """AAGUIDs; empty: all that the makers vouch for."""

    @classmethod
    def of(cls, settings: Passkeys) -> "Trust":
        return cls(_roots(tuple(settings.trust_anchors)), frozenset(map(str, settings.models)))


def is_trusted(attestation_object: bytes, aaguid: str, trust: Trust) -> bool:
    """Whether a maker in ``trust`` says that hardware of the model ``aaguid`` made this key."""
    if not trust.roots or (trust.models and aaguid not in trust.models):
        return False
    try:
        found = parse_attestation_object(attestation_object)
        chain = found.att_stmt.x5c or []
        if found.fmt not in _FORMATS or not chain:
            return False
        if not any(_leads_to(root, chain) for root in trust.roots):
            return False
        leaf = x509.load_der_x509_certificate(chain[0])
        return _is_for(leaf, aaguid) and (
            found.fmt != AttestationFormat.PACKED or _is_of_a_key(leaf)
        )
    except (WebAuthnException, ValueError, x509.DuplicateExtension):
        return False


def _leads_to(root: bytes, chain: list[bytes]) -> bool:
    """Each root by itself: of two by one name OpenSSL would look at the first alone."""
    try:
        return validate_certificate_chain(x5c=chain, pem_root_certs_bytes=[root])
    except InvalidCertificateChain:
        return False


def _is_for(leaf: x509.Certificate, aaguid: str) -> bool:
    """Whether a certificate that names a model names this one (§8.2, §8.3)."""
    try:
        found = leaf.extensions.get_extension_for_oid(_AAGUID)
    except x509.ExtensionNotFound:
        return True
    value = found.value.public_bytes()
    return not found.critical and value == _OCTETS_OF_16 + bytes.fromhex(aaguid.replace("-", ""))


def _is_of_a_key(leaf: x509.Certificate) -> bool:
    """What a certificate of a packed attestation is like (§8.2.1)."""
    try:
        is_ca = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    units = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    said = [each.value for each in units]
    return leaf.version is x509.Version.v3 and not is_ca and said == ["Authenticator Attestation"]


@cache
def _roots(files: tuple[Path, ...]) -> tuple[bytes, ...]:
    """Raises OSError or ValueError."""
    read = (each for file in files for each in x509.load_pem_x509_certificates(file.read_bytes()))
    return tuple(each.public_bytes(Encoding.PEM) for each in read)
