"""A portal without its provider: keys made here, metadata and key set preloaded."""

import time
from pathlib import Path
from typing import Any

import flask
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from clients.portal.app import create_app
from clients.portal.logout_token import EVENT
from clients.portal.settings import Portal, Tile

ISSUER = "http://localhost:8000"


class Provider:
    """Signs what a provider would sign, and what an attacker would like it to."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
        self.fetched = 0

    def key_set(self) -> Any:
        return KeySet([self.key]).as_dict(private=False)

    def logout_token(self, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "shebao",
            "iat": now,
            "exp": now + 120,
            "jti": "jti-1",
            "sid": "sid-1",
            "sub": "sub-1",
            "events": {EVENT: {}},
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        top = {"alg": "ES256", "kid": self.key.kid, "typ": "logout+jwt"} | (header or {})
        return jwt.encode(top, claims, self.key, algorithms=["ES256"])


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    return Portal(
        slug="shebao",
        name="社会保险网上服务大厅",
        organiser="甲省人力资源和社会保障厅",
        motto="社保业务，网上办、就近办",
        base_url="http://shebao.localhost:8001",
        issuer=ISSUER,
        client_id="shebao",
        client_secret="a-secret",
        secret_key="another-secret",
        store=tmp_path / "shebao.db",
        scope="openid profile phone",
        tiles=(Tile("养老保险参保缴费", "查询缴费记录"),),
    )


@pytest.fixture
def site(portal: Portal, provider: Provider) -> flask.Flask:
    app = create_app(portal)
    client = app.extensions["authlib.integrations.flask_client"].hutong
    client.server_metadata.update(
        _loaded_at=time.time(),
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/oauth/authorize",
        token_endpoint=f"{ISSUER}/oauth/token",
        end_session_endpoint=f"{ISSUER}/oauth/logout",
        jwks_uri=f"{ISSUER}/jwks.json",
        jwks=provider.key_set(),
    )
    return app
