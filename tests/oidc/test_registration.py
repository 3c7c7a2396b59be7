"""Registering portals: what is refused before it can do harm (RFC 7591 §2, RFC 9700 §2.1)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import pytest

from idp import standing
from idp.standing import InvalidRegistration
from idp.store import clients
from idp.store.clients import Client, Registration
from idp.store.engines import db
from tests.oidc.actors import registered

GOOD: dict[str, Any] = {
    "name": "社保",
    "redirect_uris": ["https://shebao.test/callback"],
    "scope": "openid",
}


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"redirect_uris": []},
        {"redirect_uris": ["http://shebao.test/callback"]},
        {"redirect_uris": ["https://shebao.test/callback#x"]},
        {"redirect_uris": ["https://user@shebao.test/callback"]},
        {"redirect_uris": ["https://社保.test/callback"]},
        {"redirect_uris": ["shebao.test/callback"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["http://localhost.evil.test/callback"]},
        {"redirect_uris": ["https://a.test/c", "https://b.test/c"]},
        {"post_logout_redirect_uris": ["http://shebao.test/"]},
        {"backchannel_logout_uri": "http://shebao.test/logout"},
        {"token_endpoint_auth_method": "none", "require_pkce": False},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"legal_basis": "statutory"},
        {"legal_basis": "whim"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"subject_type": "public"},
        {"minimum_acr": "gold"},
        {"web_origins": ["https://spa.test"]},
        {"token_endpoint_auth_method": "none", "web_origins": ["https://spa.test/path"]},
        {"redirect_uri": "https://shebao.test/typo"},
    ],
)
def test_a_registration_that_makes_no_sense_is_refused(
    app: flask.Flask, change: dict[str, Any]
) -> None:
    with app.app_context(), pytest.raises(InvalidRegistration):
        standing.create_client("shebao", GOOD | change)


@pytest.mark.parametrize("client_id", ["", "has space", "has:colon", "社保"])
def test_a_client_id_travels_in_headers_so_it_is_plain(app: flask.Flask, client_id: str) -> None:
    with app.app_context(), pytest.raises(InvalidRegistration):
        standing.create_client(client_id, GOOD)


def test_loopback_may_do_without_https(app: flask.Flask) -> None:
    with app.app_context():
        for number, uri in enumerate(
            ("http://localhost:8001/cb", "http://127.0.0.1:9/cb", "http://shebao.localhost:8001/cb")
        ):
            assert standing.create_client(f"c{number}", GOOD | {"redirect_uris": [uri]})


def test_es256_is_written_down_and_a_registration_that_names_no_algorithm_means_rs256(
    app: flask.Flask,
) -> None:
    with app.app_context():
        standing.create_client("new", GOOD)
        bare = Client(client_id="bare", metadata_=GOOD, secret_hash="", old_secret_hash="")

        assert (
            db.session.get_one(Client, "new").metadata_["id_token_signed_response_alg"] == "ES256"
        )
        assert Registration.of(bare).id_token_signed_response_alg == "RS256"


def test_a_name_is_given_once(app: flask.Flask) -> None:
    with app.app_context():
        standing.create_client("shebao", GOOD)
        with pytest.raises(InvalidRegistration):
            standing.create_client("shebao", GOOD)


def test_a_secret_is_long_and_kept_only_as_a_digest(app: flask.Flask) -> None:
    with app.app_context():
        secret = standing.create_client("shebao", GOOD)
        row = db.session.get_one(Client, "shebao")

    assert len(secret) >= 43
    assert secret not in str(vars(row))


def test_the_first_clients_of_a_node_may_come_at_once(app: flask.Flask) -> None:
    """Each counts the change, on a row that is not there yet."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: registered(app, f"portal-{n}"), range(8)))

    with app.app_context():
        assert {each.client_id for each in clients.all_clients()} == {p.client_id for p in made}
