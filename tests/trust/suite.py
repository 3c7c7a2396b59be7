"""An entity as the certification suite is one: relying party and trust anchor in one place.

Its identifiers have paths, its statements live five minutes, and it asks as plain OpenID Connect
does: no PKCE, no nonce, no state, request objects of the type ``JWT``, all signed RS256.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
from joserfc import jws
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.trust.nodes import Node, Quiet
from tests.trust.peers import ASSERTION, REGISTRY

LIVES = 300
"""Seconds."""
TYP = "entity-statement+jwt"
WELL_KNOWN = "/.well-known/openid-federation"


def new_key() -> RSAKey:
    made = RSAKey.generate_key(2048)
    return RSAKey.import_key({**made.as_dict(private=True), "kid": made.thumbprint()})


def signed(claims: Mapping[str, Any], key: RSAKey, header: Mapping[str, Any]) -> str:
    """Claims that are None are left out."""
    left = {name: value for name, value in claims.items() if value is not None}
    full = {"alg": "RS256", "kid": key.kid, **header}
    return jws.serialize_compact(full, orjson.dumps(left), key, registry=REGISTRY)


def public(key: RSAKey) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), "kid": key.kid, "use": "sig"}]}


class Suite:
    """``configured`` changes what the relying party's entity configuration claims."""

    def __init__(self, stack: ExitStack):
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet
        )
        self.port = self._server.server_port
        self.url = f"http://suite.localhost:{self.port}/test/a/hutong"
        self.anchor = f"{self.url}/trust-anchor"
        self.redirect_uri = f"{self.url}/callback"
        self.key, self.anchor_key, self.client_key = new_key(), new_key(), new_key()
        self.configured: dict[str, Any] = {}
        self.asked: list[str] = []
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(self._goes_down)

    @property
    def metadata(self) -> dict[str, Any]:
        return {
            "federation_entity": {"organization_name": "Suite"},
            "openid_relying_party": {
                "client_registration_types": ["automatic"],
                "response_types": ["code"],
                "redirect_uris": [self.redirect_uri],
                "jwks_uri": f"{self.url}/jwks",
            },
        }

    def configuration(self) -> str:
        claims = {
            "iss": self.url,
            "sub": self.url,
            "jwks": public(self.key),
            "authority_hints": [self.anchor],
            "metadata": self.metadata,
            **self.configured,
        }
        return self._states(self.key, **claims)

    def anchor_configuration(self) -> str:
        return self._states(
            self.anchor_key,
            iss=self.anchor,
            sub=self.anchor,
            jwks=public(self.anchor_key),
            metadata={
                "federation_entity": {
                    "federation_fetch_endpoint": f"{self.anchor}/fetch",
                    "federation_list_endpoint": f"{self.anchor}/list",
                }
            },
        )

    def statement(self) -> str:
        """Of the anchor about the leaf: it repeats what the leaf says of itself."""
        return self._states(
            self.anchor_key,
            iss=self.anchor,
            sub=self.url,
            jwks=public(self.key),
            metadata=self.metadata,
            source_endpoint=f"{self.anchor}/fetch",
        )

    def chain(self) -> list[str]:
        return [self.configuration(), self.statement(), self.anchor_configuration()]

    def request_object(
        self, provider: Node, header: Mapping[str, Any] | None = None, **changes: Any
    ) -> str:
        claims = {
            "iss": self.url,
            "aud": provider.url,
            "client_id": self.url,
            "jti": secrets.token_urlsafe(16),
            "iat": int(time.time()),
            "exp": int(time.time()) + LIVES,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            **changes,
        }
        return signed(claims, self.client_key, {"typ": "JWT", **(header or {})})

    def outside(self, request: str, **changes: str) -> dict[str, str]:
        """What stands beside a request object, as plain OpenID Connect wants it."""
        beside = {"client_id": self.url, "response_type": "code", "scope": "openid"}
        return {**beside, "redirect_uri": self.redirect_uri, "request": request, **changes}

    def address(self, request: str, **changes: str) -> str:
        return "/oauth/authorize?" + urlencode(self.outside(request, **changes))

    def pushes(self, provider: Node, request: str) -> httpx.Response:
        sent = {**self._authentication(provider.url), "request": request}
        return provider.post("/oauth/par", **sent)

    def redeems(self, provider: Node, code: str) -> httpx.Response:
        """Its assertion is for the token endpoint, as RFC 7523 once wanted it."""
        return provider.post(
            "/oauth/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            **self._authentication(f"{provider.url}/oauth/token"),
        )

    def _authentication(self, audience: str) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.url,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        }
        return {
            "client_id": self.url,
            "client_assertion_type": ASSERTION,
            "client_assertion": signed(claims, self.client_key, {}),
        }

    @staticmethod
    def _states(key: RSAKey, **claims: Any) -> str:
        now = int(time.time())
        return signed({"iat": now, "exp": now + LIVES, **claims}, key, {"typ": TYP})

    def _serve(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        own = "/test/a/hutong"
        if request.path == f"{own}/jwks":
            return Response(orjson.dumps(public(self.client_key)), content_type="application/json")
        if request.path == f"{own}/trust-anchor/list":
            return Response(orjson.dumps([self.url]), content_type="application/json")
        stated = {
            f"{own}{WELL_KNOWN}": self.configuration,
            f"{own}/trust-anchor{WELL_KNOWN}": self.anchor_configuration,
            f"{own}/trust-anchor/fetch": self.statement,
        }.get(request.path)
        if stated is None:
            return Response(status=404)
        return Response(stated(), content_type=f"application/{TYP}")

    def _goes_down(self) -> None:
        self._server.shutdown()
        self._server.server_close()
