"""What fails in cryptography; all of it is the operator's to mend."""

from idp.errors import N_, IdpError


class CryptoError(IdpError):
    """Something is wrong with the node's keys or with a value sealed under them."""

    code = "HT-7000"
    message = N_("系统暂时无法处理您的信息。")
    next_step = N_("请稍后重试；仍不成功请联系服务热线。")
    status = 500
    oauth_error = "server_error"

    def __init__(self, cause: str = ""):
        super().__init__()
        self.cause = cause
        """For the operator only; names files and keys, never values."""

    def __str__(self) -> str:
        return f"{self.code} {self.cause}".rstrip()


class KeyFileMissing(CryptoError):
    """The file of master keys does not exist; in production it is never made by itself."""

    code = "HT-7001"


class KeyFileBroken(CryptoError):
    """The file of master keys cannot be read or does not hold what it should."""

    code = "HT-7002"


class KeyFileExposed(CryptoError):
    """Others may read or change the file of master keys: chmod 600 (or 640) it."""

    code = "HT-7003"


class KeysNotForProduction(CryptoError):
    """The master keys were made by a demo, a test or a developer's start; make new ones."""

    code = "HT-7004"


class UnknownKey(CryptoError):
    """A value names a master key that the file does not hold: restore the file, or the key."""

    code = "HT-7005"


class CannotOpen(CryptoError):
    """A sealed value was damaged, moved from where it belongs, or sealed under another key."""

    code = "HT-7006"


class KeyStillUsed(CryptoError):
    """A master key cannot be dropped while it is current or values sealed under it remain."""

    code = "HT-7007"


class Sm2Missing(CryptoError):
    """``keys.sm2`` is on, and no OpenSSL 3 with SM2 is on this machine: install one, or turn
    it off.
    """

    code = "HT-9041"


class AlgorithmOff(CryptoError):
    """A client is registered for an algorithm that is turned off here: turn it on (``keys.sm2``),
    or change the registration.
    """

    code = "HT-9042"
