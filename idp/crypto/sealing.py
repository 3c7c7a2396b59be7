"""Sealing personal data, and finding it again without opening it.

A sealed value reads ``intl.k1.<base64url>``: the suite, the master key, the ciphertext. The
purpose and whatever it is bound to are authenticated: a value moved to a column of another
purpose, or what was sealed for one interaction to another, does not open.
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
    """Seals with the current key and its suite; opens what any known one sealed."""

    def __init__(self, ring: KeyRing):
        self.ring = ring

    @property
    def suite(self) -> type[Suite]:
        """The suite of the current key."""
        return self.ring.suite_of(self.ring.current)

    def seal(self, purpose: str, text: str, bound_to: str = "") -> Sealed:
        kid = self.ring.current
        suite = self.ring.suite_of(kid)
        key = self.ring.derive(kid, f"{suite.name}:seal:{purpose}")
        sealed = suite.encrypt(key, text.encode(), _context(purpose, bound_to))
        return Sealed(_value(suite, kid, sealed))

    def open(self, purpose: str, value: str, bound_to: str = "") -> str:
        suite, kid, sealed = self._parts(value)
        key = self.ring.derive(kid, f"{suite.name}:seal:{purpose}")
        try:
            return suite.decrypt(key, sealed, _context(purpose, bound_to)).decode()
        except ValueError:
            raise CannotOpen(f"a sealed {purpose!r}, key {kid}") from None

    def index(self, purpose: str, text: str, kid: str | None = None) -> Index:
        """What ``text`` is found by under the key ``kid``, else under the current one."""
        return self._index(kid or self.ring.current, purpose, text)

    def indexes(self, purpose: str, text: str) -> list[Index]:
        """What ``text`` may be found by while values under older keys remain."""
        return [self._index(kid, purpose, text) for kid in self.ring.kids]

    def mac(self, purpose: str, data: bytes, kid: str | None = None) -> bytes:
        """A keyed digest by the suite of the key ``kid``, else of the current one.

        Raises UnknownKey.
        """
        kid, key = self.hmac_key(purpose, kid)
        return self.ring.suite_of(kid).mac(key, data)

    def tag(self, purpose: str, data: bytes) -> str:
        """A keyed digest that names its key, for what must be checked years from now."""
        kid, key = self.hmac_key(purpose)
        suite = self.ring.suite_of(kid)
        return _value(suite, kid, suite.mac(key, data))

    def is_genuine(self, purpose: str, data: bytes, tag: str) -> bool:
        """Whether ``tag`` was made from ``data`` by a node with our keys."""
        try:
            suite, kid, given = self._parts(tag)
        except CannotOpen:
            return False
        key = self.ring.derive(kid, f"{suite.name}:mac:{purpose}")
        return hmac.compare_digest(suite.mac(key, data), given)

    def hmac_key(self, purpose: str, kid: str | None = None) -> tuple[str, bytes]:
        kid = kid or self.ring.current
        return kid, self.ring.derive(kid, f"{self.ring.suite_of(kid).name}:mac:{purpose}")

    def is_current(self, value: str) -> bool:
        """Whether ``value`` was written with the suite and key that are current."""
        return value.startswith(f"{self.suite.name}.{self.ring.current}.")

    def _index(self, kid: str, purpose: str, text: str) -> Index:
        suite = self.ring.suite_of(kid)
        key = self.ring.derive(kid, f"{suite.name}:index:{purpose}")
        return Index(_value(suite, kid, suite.mac(key, text.encode())[:INDEX_BYTES]))

    def _parts(self, value: str) -> tuple[type[Suite], str, bytes]:
        found = _FORM.fullmatch(value)
        if found is None or found[1] not in SUITES:
            raise CannotOpen("a value that is not in the form of a sealed one")
        try:
            raw = base64url.decode(found[3])
        except ValueError:
            raise CannotOpen("a sealed value whose text is damaged") from None
        suite = self.ring.suite_of(found[2])
        if suite.name != found[1]:
            raise CannotOpen(f"a value under {found[2]} that names another suite than its key's")
        return suite, found[2], raw


def _value(suite: type[Suite], kid: str, raw: bytes) -> str:
    return f"{suite.name}.{kid}.{base64url.encode(raw)}"


def _context(purpose: str, bound_to: str) -> bytes:
    return f"{purpose}\0{bound_to}".encode()
