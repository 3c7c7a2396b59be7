"""The protocol endpoints programs call. A new one is a module here and a line in ENDPOINTS.

Each takes an ``http.Request`` and returns an ``http.Response``; discovery and the views
follow from this table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.oidc.endpoints import introspection, par, revocation, token, userinfo
from idp.oidc.http import Request, Response


@dataclass(frozen=True, slots=True)
class Endpoint:
    name: str
    """The metadata member that names it (RFC 8414 §2)."""
    path: str
    methods: tuple[str, ...]
    answer: Callable[[Request], Response]
    cors: bool = False
    """Whether pages of public clients may call it from their registered origins."""


ENDPOINTS = (
    Endpoint("token_endpoint", "/oauth/token", ("POST",), token.answer, cors=True),
    Endpoint("userinfo_endpoint", "/oauth/userinfo", ("GET", "POST"), userinfo.answer, cors=True),
    Endpoint("revocation_endpoint", "/oauth/revoke", ("POST",), revocation.answer, cors=True),
    Endpoint("introspection_endpoint", "/oauth/introspect", ("POST",), introspection.answer),
    Endpoint(
        "pushed_authorization_request_endpoint", "/oauth/par", ("POST",), par.answer, cors=True
    ),
)
