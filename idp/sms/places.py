"""Where a request for a code comes from: a service hall, or a range of addresses."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def place_of(address: str, halls: Iterable[str]) -> tuple[str, bool]:
    """What to count an address under, and whether that is a hall with many people behind it."""
    try:
        parsed = ip_address(address.partition("/")[0])
    except ValueError:
        return "unknown", False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    for hall in _networks(tuple(halls)):
        if parsed in hall:
            return f"hall:{hall}", True
    return str(ip_network(f"{parsed}/{24 if parsed.version == 4 else 56}", strict=False)), False  # noqa: PLR2004


def is_network(text: str) -> bool:
    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False


@lru_cache(maxsize=8)
def _networks(halls: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(hall, strict=False) for hall in halls)
