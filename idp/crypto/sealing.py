"""Sealing personal data, and finding it again without opening it.

A sealed value reads ``intl.k1.<base64url>``: the suite, the master key, the ciphertext. The
purpose and whatever it is bound to are authenticated, so that a value moved to another
column, or to another person, does not open.
"""

import hmac
import re

from idp.crypto import base64url
from idp.crypto.errors import CannotOpen
from idp.crypto.keyring import KeyRing
from idp.crypto.suites import SUITES
from idp.crypto.suites.base import Suite

INDEX_BYTES = 20
_FORM = re.compile(r"([a-z]+)\.(k[0-9]+)\.([A-Za-z0-9_-]+)")


class Sealed(str):
    """Text that has been sealed already; column types write it as it is."""

    __slots__ = ()


class Index(str):
    """A blind index, not the text it was made from; column types write it as it is."""

    __slots__ = ()


class Sealer:
    """Seals with the node's suite and current key; opens what any known one sealed."""

    def __init__(self, ring: KeyRing, suite_name: str = "intl"):
        self.ring = ring
        self.suite: type[Suite] = SUITES[suite_name]

    def seal(self, purpose: str, text: str, bound_to: str = "") -> Sealed:
        kid = self.ring.current
        key = self.ring.derive(kid, f"{self.suite.name}:seal:{purpose}")
        sealed = self.suite.encrypt(key, text.encode(), _context(purpose, bound_to))
        return Sealed(self._value(kid, sealed))

    def open(self, purpose: str, value: str, bound_to: str = "") -> str:
        suite, kid, sealed = _parts(value)
        key = self.ring.derive(kid, f"{suite.name}:seal:{purpose}")
        try:
            return suite.decrypt(key, sealed, _context(purpose, bound_to)).decode()
        except ValueError:
            raise CannotOpen(f"a sealed {purpose!r}, key {kid}") from None

    def index(self, purpose: str, text: str) -> Index:
        """What ``text`` is found by under the current key."""
        return self._index(self.ring.current, purpose, text)

    def indexes(self, purpose: str, text: str) -> list[Index]:
        """What ``text`` may be found by while values under older keys remain."""
        return [self._index(kid, purpose, text) for kid in self.ring.kids]

    def mac(self, purpose: str, data: bytes) -> bytes:
        """A keyed digest under the current key; keep ``hmac_key`` to check it much later."""
        return self.suite.mac(self.hmac_key(purpose)[1], data)

    def tag(self, purpose: str, data: bytes) -> str:
        """A keyed digest that names its key, for what must be checked years from now."""
        kid = self.ring.current
        return self._value(kid, self.suite.mac(self.hmac_key(purpose, kid)[1], data))

    def is_genuine(self, purpose: str, data: bytes, tag: str) -> bool:
        """Whether ``tag`` was made from ``data`` by a node with our keys."""
        try:
            suite, kid, given = _parts(tag)
        except CannotOpen:
            return False
        key = self.ring.derive(kid, f"{suite.name}:mac:{purpose}")
        return hmac.compare_digest(suite.mac(key, data), given)

    def hmac_key(self, purpose: str, kid: str | None = None) -> tuple[str, bytes]:
        kid = kid or self.ring.current
        return kid, self.ring.derive(kid, f"{self.suite.name}:mac:{purpose}")

    def is_current(self, value: str) -> bool:
        """Whether ``value`` was written with the suite and key that are current."""
        return value.startswith(f"{self.suite.name}.{self.ring.current}.")

    def _index(self, kid: str, purpose: str, text: str) -> Index:
        key = self.ring.derive(kid, f"{self.suite.name}:index:{purpose}")
        return Index(self._value(kid, self.suite.mac(key, text.encode())[:INDEX_BYTES]))

    def _value(self, kid: str, raw: bytes) -> str:
        return f"{self.suite.name}.{kid}.{base64url.encode(raw)}"


def _parts(value: str) -> tuple[type[Suite], str, bytes]:
    found = _FORM.fullmatch(value)
    if found is None or found[1] not in SUITES:
        raise CannotOpen("a value that is not in the form of a sealed one")
    try:
        raw = base64url.decode(found[3])
    except ValueError:
        raise CannotOpen("a sealed value whose text is damaged") from None
    return SUITES[found[1]], found[2], raw


def _context(purpose: str, bound_to: str) -> bytes:
    return f"{purpose}\0{bound_to}".encode()
