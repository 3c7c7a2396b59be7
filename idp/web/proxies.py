"""Whose ``X-Forwarded-*`` headers count: those of ``serve.trusted_proxies``, nobody else's.

Host headers are never read: our own address is ``issuer``.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import flask

from idp.settings import Settings, SettingsError

Network = IPv4Network | IPv6Network
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def init_app(app: flask.Flask, settings: Settings) -> None:
    if names := settings.serve.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, networks(names))  # type: ignore[method-assign]


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(name.strip()) for name in names)
    except ValueError as error:
        raise SettingsError(f"not an address or network: {error}") from None


class TrustedProxies:
    """WSGI middleware: replaces the proxy's address by the one it vouches for."""

    def __init__(self, app: Wsgi, trusted: tuple[Network, ...]):
        self._app = app
        self._trusts = lru_cache(4096)(lambda address: _within(address, trusted))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            environ["hutong.from_proxy"] = True
            environ["REMOTE_ADDR"] = self._client(environ)
            proto = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip()
            if proto in {"http", "https"}:
                environ["wsgi.url_scheme"] = proto
        return self._app(environ, start_response)

    def _client(self, environ: dict[str, Any]) -> str:
        """The last address no trusted proxy has: what stands before it anyone can write."""
        address = environ["REMOTE_ADDR"]
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if not _is_address(candidate := hop.strip()):
                break
            address = candidate
            if not self._trusts(address):
                break
        return address


def _within(address: str, trusted: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


@lru_cache(4096)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
