"""What one portal is: its name and look, and how it is registered with the provider."""

import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class PortalSettingsError(Exception):
    """The configuration file is not there, not TOML, or lacks something."""


@dataclass(frozen=True)
class Tile:
    """One service on the home page."""

    title: str
    text: str


@dataclass(frozen=True)
class Portal:
    slug: str
    """Names the cookie, the emblem and the colours (``static/<slug>.svg``)."""
    name: str
    organiser: str
    motto: str
    base_url: str
    """Where people reach the portal. Fixed: never taken from a request."""
    issuer: str
    client_id: str
    client_secret: str
    secret_key: str
    """Signs the portal's own cookie."""
    store: Path
    """The SQLite file that holds who is signed in."""
    scope: str = "openid"
    hotline: str = "12333"
    tiles: tuple[Tile, ...] = ()

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """``__Host-`` pins the cookie to this host and to TLS (RFC 6265bis §4.1.3)."""
        return f"__Host-{self.slug}" if self.secure else f"{self.slug}_session"


def load(path: Path) -> Portal:
    """Read the file at ``path``; relative paths in it are relative to it."""
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise PortalSettingsError(f"{path}: {error}") from None
    _check_keys(path, found)
    found["tiles"] = tuple(Tile(**tile) for tile in found.get("tiles", ()))
    found["store"] = path.parent / found["store"]
    for name in ("base_url", "issuer"):
        parts = urlsplit(found[name])
        if parts.scheme not in {"http", "https"} or not parts.hostname or found[name].endswith("/"):
            raise PortalSettingsError(f"{path}: {name} must be a URL without a final slash")
    return Portal(**found)


def _check_keys(path: Path, found: dict[str, Any]) -> None:
    known = {field.name for field in fields(Portal)}
    needed = {field.name for field in fields(Portal) if field.default is MISSING}
    if unknown := found.keys() - known:
        raise PortalSettingsError(f"{path}: unknown {', '.join(sorted(unknown))}")
    if missing := needed - found.keys():
        raise PortalSettingsError(f"{path}: missing {', '.join(sorted(missing))}")
