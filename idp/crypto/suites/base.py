"""What a suite must do: authenticated encryption and a keyed digest."""

from abc import ABC, abstractmethod
from typing import ClassVar

from cryptography.hazmat.primitives.hashes import HashAlgorithm


class Suite(ABC):
    """Stateless; keys are 32 bytes and come from the key ring."""

    name: ClassVar[str]
    digest: ClassVar[HashAlgorithm]
    """What keys are derived with (RFC 5869)."""

    @staticmethod
    @abstractmethod
    def encrypt(key: bytes, text: bytes, context: bytes) -> bytes:
        """Seal ``text``; it opens only with the same ``key`` and ``context``."""

    @staticmethod
    @abstractmethod
    def decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
        """Open what ``encrypt`` made, or raise ValueError."""

    @staticmethod
    @abstractmethod
    def mac(key: bytes, data: bytes) -> bytes:
        """A keyed digest of 32 bytes."""
