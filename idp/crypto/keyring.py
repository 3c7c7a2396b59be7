"""The node's master keys, and every other key derived from them (RFC 5869).

The file is TOML: ``current`` names the key that new values are written under, ``[keys]``
holds them all, ``[suites]`` says which suite a key belongs to (``intl`` when it does not),
``made_for`` which environment made it. A new key is added first and
made current only when every process has it, so that nobody meets a key it cannot know.
"""

import os
import re
import secrets
import threading
import tomllib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp.crypto.errors import (
    KeyFileBroken,
    KeyFileExposed,
    KeyFileMissing,
    KeysNotForProduction,
    KeyStillUsed,
    UnknownKey,
)
from idp.crypto.suites import SUITES
from idp.crypto.suites.base import Suite
from idp.settings import Settings

INTL = "intl"
PRODUCTION = "production"
KEY_BYTES = 32
_KID = re.compile(r"k[1-9][0-9]{0,5}")
_EXPOSED = 0o037
"""The owner may do anything and the group may read: that is how orchestrators mount secrets."""

_HEADER = """\
# Master keys of this node. Whoever reads this file reads every sealed value; whoever
# loses it loses them. Keep a copy offline. Never in a repository.
"""


def for_node(settings: Settings) -> "KeyRing":
    """The ring of this node; outside production the first start makes it."""
    path = settings.keys_file
    if settings.environment == PRODUCTION:
        ring = KeyRing.load(path)
        if ring.made_for != PRODUCTION:
            raise KeysNotForProduction(f"{path} was made for {ring.made_for}")
        return ring
    try:
        return KeyRing.load(path)
    except KeyFileMissing:
        return KeyRing.create(path, settings.environment, settings.keys.suite)


class KeyRing:
    """Master keys by id. Shared by all threads of a process."""

    def __init__(self, path: Path, kept: "_Kept"):
        self.path = path
        self._seen: float | None = None
        self._lock = threading.Lock()
        self._set(kept)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, refusing one that is missing, damaged or open to others."""
        ring = cls(path, _read(path))
        ring._seen = _stamp(path)
        return ring

    @classmethod
    def create(cls, path: Path, made_for: str = PRODUCTION, suite: str = INTL) -> Self:
        """Make a ring of one key. Of several processes that try, one wins and all use its file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        first = _Kept(made_for, "k1", {"k1": secrets.token_bytes(KEY_BYTES)}, {"k1": suite})
        draft = _draft(path, _dump(first))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return cls.load(path)

    @property
    def current(self) -> str:
        return self._kept.current

    @property
    def made_for(self) -> str:
        return self._kept.made_for

    @property
    def kids(self) -> tuple[str, ...]:
        """Every key id, the current one first, then the newest."""
        others = sorted(self._kept.keys.keys() - {self.current}, key=_number, reverse=True)
        return (self.current, *others)

    @property
    def oldest(self) -> str:
        return min(self._kept.keys, key=_number)

    def suite_of(self, kid: str) -> type[Suite]:
        """The suite the key belongs to: what one seals with the other never touches."""
        return SUITES[self._holding(kid).suites.get(kid, INTL)]

    def derive(self, kid: str, purpose: str, length: int = KEY_BYTES) -> bytes:
        """The key for ``purpose`` under the master key ``kid`` (HKDF with its suite's digest)."""
        found = self._derived.get((kid, purpose, length))
        if found is None:
            found = self._derive(kid, purpose, length)
            self._derived[kid, purpose, length] = found
        return found

    def add(self, suite: str = INTL) -> str:
        """Add a new key for ``suite``, not yet current, and answer its id."""
        with self._lock:
            kept = self._kept
            kid = f"k{max(map(_number, kept.keys)) + 1}"
            keys = {**kept.keys, kid: secrets.token_bytes(KEY_BYTES)}
            self._write(kept._replace(keys=keys, suites={**kept.suites, kid: suite}))
        return kid

    def activate(self, kid: str) -> None:
        """Write new values under ``kid`` from now on; other processes follow when they restart."""
        if kid not in self._kept.keys:
            raise UnknownKey(f"{self.path} holds no key {kid}")
        with self._lock:
            self._write(self._kept._replace(current=kid))

    def drop(self, kid: str) -> None:
        """Forget a key for good. The caller makes sure that nothing is sealed under it."""
        if kid == self.current:
            raise KeyStillUsed(f"{kid} is the current key")
        with self._lock:
            keys = {k: key for k, key in self._kept.keys.items() if k != kid}
            suites = {k: suite for k, suite in self._kept.suites.items() if k != kid}
            self._write(self._kept._replace(keys=keys, suites=suites))

    def _derive(self, kid: str, purpose: str, length: int) -> bytes:
        master, digest = self._holding(kid).keys[kid], self.suite_of(kid).digest
        info = f"hutong:{purpose}".encode()
        return HKDF(algorithm=digest, length=length, salt=None, info=info).derive(master)

    def _holding(self, kid: str) -> "_Kept":
        """What the file says, read again for a key that another process has added since."""
        if kid not in self._kept.keys:
            with self._lock:
                stamp = _stamp(self.path)
                if stamp is not None and stamp != self._seen:
                    self._set(_read(self.path))
                    self._seen = stamp
        if kid not in self._kept.keys:
            raise UnknownKey(f"{self.path} holds no key {kid}")
        return self._kept

    def _set(self, kept: "_Kept") -> None:
        self._kept = kept
        self._derived: dict[tuple[str, str, int], bytes] = {}

    def _write(self, kept: "_Kept") -> None:
        _draft(self.path, _dump(kept)).replace(self.path)
        self._set(kept)
        self._seen = _stamp(self.path)


class _Kept(NamedTuple):
    """What the file holds."""

    made_for: str
    current: str
    keys: Mapping[str, bytes]
    suites: Mapping[str, str]


def _read(path: Path) -> _Kept:
    try:
        if path.stat().st_mode & _EXPOSED:
            raise KeyFileExposed(f"{path} is open to others")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        keys = {kid: urlsafe_b64decode(value) for kid, value in data["keys"].items()}
        kept = _Kept(str(data["made_for"]), str(data["current"]), keys, data.get("suites", {}))
        strange = kept.suites.keys() - keys.keys() or set(kept.suites.values()) - SUITES.keys()
    except FileNotFoundError:
        raise KeyFileMissing(f"{path} does not exist") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # The cause may quote a line of the file, which may be a key: it is not passed on.
        raise KeyFileBroken(f"{path} is not a readable file of master keys") from None
    wrong = [kid for kid, key in keys.items() if not _KID.fullmatch(kid) or len(key) != KEY_BYTES]
    if wrong or kept.current not in keys:
        raise KeyFileBroken(f"{path}: current must name a key, and every key be 32 bytes, k1, k2 …")
    if strange:
        raise KeyFileBroken(f"{path}: [suites] must give keys of this file one of {list(SUITES)}")
    return kept


def _dump(kept: _Kept) -> str:
    head = f'made_for = "{kept.made_for}"\ncurrent = "{kept.current}"\n'
    keys = [f'{kid} = "{urlsafe_b64encode(key).decode()}"' for kid, key in kept.keys.items()]
    suites = [f'{kid} = "{name}"' for kid, name in kept.suites.items()]
    return "\n".join([_HEADER + head, "[keys]", *keys, "", "[suites]", *suites, ""])


def _draft(path: Path, text: str) -> Path:
    """A complete file of mode 0600 beside ``path``, on the disk before anyone sees it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _stamp(path: Path) -> float | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _number(kid: str) -> int:
    return int(kid[1:])
