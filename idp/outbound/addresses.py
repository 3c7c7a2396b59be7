"""Which URLs and which addresses may be called; pure (CWE-918, WHATWG URL §3.5)."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from idp.outbound.errors import OutboundRefused

Address = IPv4Address | IPv6Address

_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

PRIVILEGED = 1024
WEB_PORTS = (80, 443)
NAME_LENGTH = 253

_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.88.99.0/24",  # 6to4 relays: reach addresses hidden inside
            "168.63.129.16/32",  # a cloud's host service on a public-looking address
            "2001::/23",  # Teredo, ORCHID and other protocol assignments
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",  # documentation, not yet in Python 3.11's table
        ),
    )
)


@dataclass(frozen=True)
class Target:
    """A URL taken apart, nothing in it left to interpretation."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def default_port(self) -> bool:
        return self.port == (443 if self.scheme == "https" else 80)

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.default_port else f"{name}:{self.port}"


def parse(url: str) -> Target:
    """Take an absolute http(s) URL apart; refuse whatever two parsers could read in two ways."""
    if not _PRINTABLE.fullmatch(url):
        raise OutboundRefused("characters")
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in {"http", "https"}:
        raise OutboundRefused("scheme")
    if "#" in rest:
        raise OutboundRefused("fragment")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise OutboundRefused("userinfo")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise OutboundRefused("host")
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 1 << 16:
        raise OutboundRefused("port")
    path = rest.removeprefix(authority)
    path = path if path.startswith("/") else f"/{path}"
    return Target(scheme, _host(found["host"]), port, path)


def parse_foreign(url: str, *, allow_loopback: bool) -> Target:
    """The same for an address somebody else registered: https, on a port meant for it."""
    target = parse(url)
    if target.scheme != "https" and not (allow_loopback and is_loopback_name(target.host)):
        raise OutboundRefused("scheme")
    if target.port < PRIVILEGED and target.port not in WEB_PORTS:
        raise OutboundRefused("port")
    return target


def is_loopback_name(host: str) -> bool:
    """Names that mean this machine whatever a resolver says (RFC 6761 §6.3), or such addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    literal = as_literal(host)
    return literal is not None and literal.is_loopback


def as_literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def may_call(address: Address, *, allow_loopback: bool) -> bool:
    """Whether the foreign door may connect here. Tunnelled and mapped forms never are public."""
    if address.is_loopback:
        return allow_loopback
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def _host(text: str) -> str:
    """One spelling of a host; numbers that only some parsers take for addresses are refused."""
    host = text.lower()
    if host.startswith("["):
        literal = as_literal(host[1:-1])
        if not isinstance(literal, IPv6Address):
            raise OutboundRefused("host")
        return str(literal)
    if as_literal(host) is not None:
        return host
    labels = host.split(".")
    well_formed = len(host) <= NAME_LENGTH and all(map(_LABEL.fullmatch, labels))
    if not well_formed or _NUMERIC.fullmatch(labels[-1]):
        raise OutboundRefused("host")
    return host
