"""The two doors: operator goes where settings say, foreign where a relying party registered."""

import ssl
import threading
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlencode

import httpcore

from idp.outbound import resolving
from idp.outbound.addresses import may_call, parse_foreign
from idp.outbound.breaker import Breaker
from idp.outbound.errors import OutboundFailed, OutboundRefused
from idp.outbound.operator import Operator
from idp.outbound.wire import Answer, Backend, Call, Connect, Limits, exchange, left
from idp.settings import Settings

OPERATOR_SIZE = 1 << 20
FORM = "application/x-www-form-urlencoded"


class Outbound:
    """Every call the node makes. ``resolve`` replaces the system's resolver."""

    def __init__(self, settings: Settings, resolve: resolving.Resolve = resolving.system):
        self._settings = settings.outbound
        self._resolve = resolve
        self._loopback = settings.development.allow_loopback
        self._ca_bundle = settings.development.ca_bundle
        self._operators: dict[str, Operator] = {}
        self._lock = threading.Lock()
        self._foreign_slots = threading.BoundedSemaphore(settings.outbound.foreign_connections)

    def operator(self, name: str) -> Operator:
        """The door to one configured provider, by the provider's name."""
        with self._lock:
            if name not in self._operators:
                self._operators[name] = self._new_operator()
            return self._operators[name]

    def foreign_get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch what a relying party registered. Raises OutboundRefused or OutboundFailed."""
        return self._foreign("GET", url, headers or {}, b"")

    def foreign_post(
        self,
        url: str,
        data: Mapping[str, str] | bytes,
        *,
        content_type: str = FORM,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post a form, or bytes of ``content_type``, to what a relying party registered."""
        body = data if isinstance(data, bytes) else urlencode(data).encode()
        return self._foreign("POST", url, {**(headers or {}), "Content-Type": content_type}, body)

    def foreign_put(
        self, url: str, data: bytes, *, content_type: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._foreign("PUT", url, {**(headers or {}), "Content-Type": content_type}, data)

    def check_foreign(self, url: str) -> None:
        """Raises OutboundRefused for a URL the foreign door would never call; calls nothing."""
        parse_foreign(url, allow_loopback=self._loopback)

    def _foreign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        target = parse_foreign(url, allow_loopback=self._loopback)
        limits = Limits(self._settings.foreign_timeout.total_seconds(), self._settings.foreign_size)
        if not self._foreign_slots.acquire(timeout=limits.seconds):
            raise OutboundFailed("busy")
        try:
            with self._pool(self._connect_foreign, 1) as pool:
                return exchange(pool, Call(method, target, headers, body), limits)
        finally:
            self._foreign_slots.release()

    def _connect_foreign(self, host: str, port: int, seconds: float) -> httpcore.NetworkStream:
        """Resolve once, check every address, connect to one that was checked.

        One bad address refuses the whole name: a mixed answer is how rebinding begins.
        """
        found = resolving.addresses(host, port, self._resolve, seconds)
        if not all(may_call(address, allow_loopback=self._loopback) for address in found):
            raise OutboundRefused("address")
        return resolving.connect(found, port, left())

    def _connect_operator(self, host: str, port: int, seconds: float) -> httpcore.NetworkStream:
        found = resolving.addresses(host, port, self._resolve, seconds)
        return resolving.connect(found, port, left())

    def _new_operator(self) -> Operator:
        settings = self._settings
        pool = self._pool(self._connect_operator, settings.operator_connections)
        breaker = Breaker(settings.breaker_failures, settings.breaker_rest)
        return Operator(pool, Limits(settings.timeout.total_seconds(), OPERATOR_SIZE), breaker)

    def _pool(self, connect: Connect, connections: int) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=self._trust,
            max_connections=connections,
            keepalive_expiry=15,
            network_backend=Backend(connect),
        )

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_bundle:
            context.load_verify_locations(self._ca_bundle)
        return context
