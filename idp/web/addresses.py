"""Where a request comes from: its address, and the range people behind it share."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

import flask


def client_address() -> str:
    """The client's address; trusted proxies have been seen through already. "" for a socket."""
    return flask.request.remote_addr or ""


@lru_cache(4096)
def address_range(address: str) -> str:
    """The /24 or /56 an address belongs to: what one subscriber is given, or a little more.

    A line at home is handed 256 networks of /64: counted one by one they would be no limit.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 56 if isinstance(parsed, IPv6Address) else 24
    return str(ip_network(f"{parsed}/{prefix}", strict=False))
