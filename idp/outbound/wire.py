"""One HTTP exchange under one deadline, to an address chosen by us, of a size chosen by us."""

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpcore
import orjson

from idp.outbound.addresses import Target
from idp.outbound.errors import OutboundFailed

Connect = Callable[[str, int, float], httpcore.NetworkStream]

SUCCESS, REDIRECTION = 2, 3

_deadline: ContextVar[float] = ContextVar("outbound_deadline")


@dataclass(frozen=True)
class Answer:
    """What the other side said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status // 100 == SUCCESS

    def json(self) -> Any:
        """The body as JSON. Raises OutboundFailed when it is not."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise OutboundFailed("not-json", maybe_sent=True) from None


@dataclass(frozen=True)
class Call:
    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Limits:
    seconds: float
    size: int


def left() -> float:
    """Seconds left for the exchange under way. Raises when there are none."""
    seconds = _deadline.get() - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("deadline")
    return seconds


def exchange(pool: httpcore.ConnectionPool, call: Call, limits: Limits) -> Answer:
    """Send ``call`` and read the answer. Never follows a redirect, never decompresses."""
    mark = _deadline.set(time.monotonic() + limits.seconds)
    try:
        return _exchange(pool, call, limits)
    except (httpcore.ConnectTimeout, httpcore.PoolTimeout):
        raise OutboundFailed("connect-timeout") from None
    except httpcore.ConnectError:
        raise OutboundFailed("connect") from None
    except httpcore.TimeoutException:
        raise OutboundFailed("timeout", maybe_sent=True) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        raise OutboundFailed("broken", maybe_sent=True) from None
    finally:
        _deadline.reset(mark)


def _exchange(pool: httpcore.ConnectionPool, call: Call, limits: Limits) -> Answer:
    target = call.target
    headers = {
        "Host": target.host_header,
        "User-Agent": "Hutong",
        # Compressed answers could grow past any limit on what was read.
        "Accept-Encoding": "identity",
        "Content-Length": str(len(call.body)),
        **call.headers,
    }
    if call.method == "GET":
        del headers["Content-Length"]
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    steps = ("connect", "read", "write", "pool")
    timeout = {"timeout": dict.fromkeys(steps, limits.seconds)}
    with pool.stream(
        call.method, url, headers=list(headers.items()), content=call.body, extensions=timeout
    ) as response:
        return _read(response, limits.size)


def _read(response: httpcore.Response, size: int) -> Answer:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    if response.status // 100 == REDIRECTION:
        raise OutboundFailed("redirect", maybe_sent=True)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise OutboundFailed("encoded", maybe_sent=True)
    if int(headers.get("content-length") or 0) > size:
        raise OutboundFailed("too-large", maybe_sent=True)
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > size:
            raise OutboundFailed("too-large", maybe_sent=True)
    return Answer(response.status, MappingProxyType(headers), bytes(body))


class Backend(httpcore.NetworkBackend):
    """Connects where ``connect`` says, and lets nothing outlast the exchange's deadline."""

    def __init__(self, connect: Connect):
        self._connect = connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._connect(host, port, left()))


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline, however slowly bytes drip."""

    def __init__(self, inner: httpcore.NetworkStream):
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left()))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
