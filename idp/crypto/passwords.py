"""Hashing passwords: Argon2id with the OWASP minimum, never less (RFC 9106)."""

import unicodedata

from passlib.hash import argon2

from idp.crypto.strength import strength

__all__ = ["Passwords", "strength"]

MEMORY_KIB, ROUNDS, LANES = 19 * 1024, 2, 1


class Passwords:
    """Hash and check. An account without a password costs a caller the same time."""

    def __init__(self, memory: int = MEMORY_KIB, rounds: int = ROUNDS, lanes: int = LANES):
        if memory < MEMORY_KIB or rounds < ROUNDS:
            raise ValueError("Argon2id needs at least 19 MiB and two rounds")
        self._argon2 = argon2.using(
            type="ID", memory_cost=memory, time_cost=rounds, parallelism=lanes
        )
        self._nobody = self._argon2.hash("nobody's password")

    def hash(self, password: str) -> str:
        return str(self._argon2.hash(_prepared(password)))

    def verify(self, password: str, hash: str | None) -> bool:
        """Whether ``password`` is the one. No hash, or a damaged one: no, in the same time."""
        known = hash is not None and self._argon2.identify(hash)
        try:
            right = self._argon2.verify(_prepared(password), hash if known else self._nobody)
        except ValueError:
            return False
        return bool(right) and known

    def needs_update(self, hash: str) -> bool:
        """Whether the hash is weaker than what we make now: hash anew at the next sign-in."""
        return bool(self._argon2.needs_update(hash))


def _prepared(password: str) -> str:
    """One spelling for what a person sees as one password (RFC 8265 §4.2)."""
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", spaced)
