"""Entity identifiers (OpenID Federation §1.2) and where their configuration is published (§9)."""

import re
from ipaddress import ip_address
from typing import NewType

from idp.federation.errors import InvalidIdentifier
from idp.federation.rules import STRICT, Rules

EntityId = NewType("EntityId", str)
"""Compared by code point: ``https://a.example`` and ``https://a.example/`` are two entities."""

WELL_KNOWN = "/.well-known/openid-federation"
MAX_LENGTH = 2048

_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST_LENGTH = 253
_PORTS = range(1, 1 << 16)


def parse(value: object, rules: Rules = STRICT) -> EntityId:
    """An ``https`` URL with a host and no query, fragment or user; never normalised."""
    if not isinstance(value, str) or len(value) > MAX_LENGTH or not _PRINTABLE.fullmatch(value):
        raise InvalidIdentifier("characters")
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in ("https", "http"):
        raise InvalidIdentifier("scheme")
    if "?" in rest:
        raise InvalidIdentifier("query")
    if "#" in rest:
        raise InvalidIdentifier("fragment")
    name = _host(rest.partition("/")[0])
    if scheme == "http" and not (rules.allow_loopback and is_loopback(name)):
        raise InvalidIdentifier("scheme")
    return EntityId(value)


def host(entity_id: EntityId) -> str:
    """The host part in lower case, an IPv6 address with its brackets."""
    return _host(entity_id.partition("://")[2].partition("/")[0])


def configuration_url(entity_id: EntityId) -> str:
    """One closing slash is dropped here and nowhere else; a path stays in front."""
    return entity_id.removesuffix("/") + WELL_KNOWN


def is_loopback(name: str) -> bool:
    """Names that mean this machine whatever a resolver says (RFC 6761 §6.3), or such addresses."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return is_address(name) and ip_address(name.strip("[]")).is_loopback


def is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_name(text: str) -> bool:
    """Whether this is a name of the DNS, as a host or without its leading dot as a domain."""
    labels = text.split(".")
    # A last label of digits is an address to some and a name to others.
    return (
        len(text) <= _HOST_LENGTH
        and all(map(_LABEL.fullmatch, labels))
        and not re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", labels[-1])
    )


def _host(authority: str) -> str:
    if "@" in authority:
        raise InvalidIdentifier("userinfo")
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not (is_address(found["host"]) or is_name(found["host"])):
        raise InvalidIdentifier("host")
    if found["port"] and int(found["port"]) not in _PORTS:
        raise InvalidIdentifier("port")
    return found["host"].lower()
