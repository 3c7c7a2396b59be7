"""An entity that is no node of ours: it says what a test wants it to, and serves it over HTTP."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from idp.crypto import base64url
from idp.federation import signed
from idp.federation.signed import Typ
from idp.trust import admission
from tests.trust.nodes import LIU, WANG, Node, Quiet

REGISTRY = JWSRegistry(algorithms=["ES256", "RS256", "PS256"], strict_check_header=False)
REGISTRY.max_header_length = 1 << 20
REGISTRY.max_payload_length = 1 << 20
VERIFIER = "of-these-43-letters-every-one-is-well-known"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def new_key() -> ECKey:
    made = ECKey.generate_key("P-256")
    return ECKey.import_key({**made.as_dict(private=True), "kid": made.thumbprint()})


def public(key: ECKey, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.kid, **more}


class Peer:
    """A relying party by default; ``metadata`` and ``claims`` may be changed at any time."""

    def __init__(self, name: str, superior: Node, stack: ExitStack):
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet
        )
        self.port = self._server.server_port
        self.url = f"http://{name}.localhost:{self.port}"
        self.superior = superior
        self.federation_key, self.client_key = new_key(), new_key()
        self.redirect_uri = f"{self.url}/callback"
        self.metadata: dict[str, Any] = {
            "federation_entity": {"organization_name": "甲州市不动产登记中心"},
            "openid_relying_party": {
                "client_name": "不动产登记",
                "client_registration_types": ["automatic"],
                "redirect_uris": [self.redirect_uri],
                "response_types": ["code"],
                "grant_types": ["authorization_code"],
                "scope": "openid",
                "subject_type": "pairwise",
                "token_endpoint_auth_method": "private_key_jwt",
                "id_token_signed_response_alg": "ES256",
                "jwks": {"keys": [public(self.client_key, use="sig", alg="ES256")]},
            },
        }
        self.claims: dict[str, Any] = {}
        self.pages: dict[str, Callable[[], Response]] = {}
        self.asked: list[str] = []
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(self.goes_down)

    @property
    def party(self) -> dict[str, Any]:
        found: dict[str, Any] = self.metadata["openid_relying_party"]
        return found

    def goes_down(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def configuration(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.url,
            "iat": now,
            "exp": now + 3600,
            "jwks": {"keys": [public(self.federation_key)]},
            "authority_hints": [self.superior.url],
            "metadata": self.metadata,
            **self.claims,
            **changes,
        }
        return signed.sign(claims, Typ.ENTITY_STATEMENT, self.federation_key)

    def joins(self, **limits: Any) -> "Peer":
        with self.superior.app.app_context():
            trust, outbound = self.superior.services.trust, self.superior.services.outbound
            found = admission.configuration(
                trust, outbound, self.url, str(self.federation_key.thumbprint())
            )
            admission.propose(trust, found, WANG, limits, {})
            admission.approve(self.url, LIU)
            trust.forget()
        return self

    def chain(self) -> list[str]:
        """As it would show it: its own word, its superior's, the anchor's."""
        return [
            self.configuration(),
            self.superior.get("/federation/fetch", sub=self.url).text,
            self.superior.get("/.well-known/openid-federation").text,
        ]

    def request_object(
        self, provider: Node, header: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": provider.url,
            "client_id": self.url,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
            **self.asks(),
            **changes,
        }
        return self._sign(
            {"typ": "oauth-authz-req+jwt", **(header or {})},
            {name: value for name, value in claims.items() if value is not None},
        )

    def asks(self) -> dict[str, Any]:
        return {
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": base64url.encode(sha256(VERIFIER.encode()).digest()),
            "code_challenge_method": "S256",
        }

    def assertion(self, audience: Any, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.url,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        return self._sign({}, claims)

    def authentication(self, audience: Any, **changes: Any) -> dict[str, str]:
        return {
            "client_id": self.url,
            "client_assertion_type": ASSERTION,
            "client_assertion": self.assertion(audience, **changes),
        }

    def pushes(self, provider: Node, request: str | None = None, **changes: Any) -> httpx.Response:
        """Its request, as a request object or plainly."""
        sent = {"request": request} if request else self.asks()
        auth = self.authentication(provider.url)
        return provider.post("/oauth/par", **{**auth, **sent, **changes})

    def redeems(self, provider: Node, code: str, **changes: Any) -> httpx.Response:
        return provider.post(
            "/oauth/token",
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": VERIFIER,
                **self.authentication(provider.url),
                **changes,
            },
        )

    def _sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        full = {"alg": "ES256", "kid": self.client_key.kid, **header}
        return jws.serialize_compact(full, orjson.dumps(claims), self.client_key, registry=REGISTRY)

    def _serve(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request.path)
        made = self.pages.get(request.path)
        if made is not None:
            return made()(environ, start_response)
        if request.path == "/.well-known/openid-federation":
            return _jwt(self.configuration())(environ, start_response)
        return Response(status=404)(environ, start_response)


def _jwt(token: str) -> Response:
    return Response(token, content_type="application/entity-statement+jwt")


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(url.partition("?")[2]).items()}
