"""From a host name to addresses, once per connection and within the time there is."""

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from ipaddress import IPv4Address, IPv6Address

import httpcore

from idp.outbound.addresses import Address, as_literal, is_loopback_name
from idp.outbound.errors import OutboundFailed

Resolve = Callable[[str, int], Sequence[str]]

TRIED = 3
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))

# The system's resolver cannot be told how long to take; a thread of its own can be left waiting.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")
_sockets = httpcore.SyncBackend()


def system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]


def addresses(host: str, port: int, resolve: Resolve, seconds: float) -> list[Address]:
    """Every address of ``host``. Raises OutboundFailed when there is none in time."""
    literal = as_literal(host)
    if literal is not None:
        return [literal]
    if is_loopback_name(host):
        # Such a name means this machine, whether or not a resolver has heard of it (RFC 6761).
        return [*LOOPBACK]
    try:
        names = _threads.submit(resolve, host, port).result(timeout=seconds)
    except (OSError, UnicodeError, TookTooLong):
        names = ()
    found = [address for name in names if (address := as_literal(name)) is not None]
    if not found:
        raise OutboundFailed("resolve")
    return found


def connect(found: Sequence[Address], port: int, seconds: float) -> httpcore.NetworkStream:
    """Connect to the first address that answers; ``found`` has been checked by the caller."""
    share = seconds / min(len(found), TRIED)
    for address in found[:TRIED]:
        try:
            return _sockets.connect_tcp(str(address), port, timeout=share)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            continue
    raise httpcore.ConnectError("no address answers")
