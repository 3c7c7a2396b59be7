"""A logout token is believed only when every check of §2.6 passes."""

import hmac
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc.jwk import ECKey

from clients.portal.logout_token import BadLogoutToken, LogoutToken, check
from tests.clients.conftest import ISSUER, Provider


def believed(provider: Provider, token: str) -> LogoutToken:
    return check(token, issuer=ISSUER, client_id="shebao", keys=lambda _fresh: provider.key_set())


def test_a_good_token_is_believed(provider: Provider) -> None:
    told = believed(provider, provider.logout_token())

    assert (told.sid, told.subject, told.jti) == ("sid-1", "sub-1", "jti-1")


@pytest.mark.parametrize("audience", ["shebao", ["shebao"], ["gjj", "shebao"]])
def test_the_audience_may_be_one_or_many(provider: Provider, audience: Any) -> None:
    assert believed(provider, provider.logout_token(aud=audience)).sid == "sid-1"


@pytest.mark.parametrize("missing", ["sid", "sub"])
def test_sid_or_sub_alone_is_enough(provider: Provider, missing: str) -> None:
    assert believed(provider, provider.logout_token(**{missing: None})).jti == "jti-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "gjj"},
        {"aud": None},
        {"aud": []},
        {"iat": None},
        {"iat": True},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3700},
        {"exp": None},
        {"exp": int(time.time()) - 3600},
        {"exp": int(time.time()) + 10**6},
        {"jti": None},
        {"jti": 7},
        {"sid": None, "sub": None},
        {"sid": ["sid-1"]},
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": "yes"}},
        {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
        {"nonce": "n"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(provider: Provider, changes: dict[str, Any]) -> None:
    with pytest.raises(BadLogoutToken):
        believed(provider, provider.logout_token(**changes))


@pytest.mark.parametrize("kind", [None, "JWT", "at+jwt"])
def test_another_kind_of_token_is_refused(provider: Provider, kind: str | None) -> None:
    with pytest.raises(BadLogoutToken):
        believed(provider, provider.logout_token(header={"typ": kind} if kind else {"typ": ""}))


def test_a_token_signed_by_somebody_else_is_refused(provider: Provider) -> None:
    stranger = Provider()
    stranger.key = ECKey.generate_key("P-256", {"kid": "one"})

    with pytest.raises(BadLogoutToken):
        believed(provider, stranger.logout_token())


def test_the_public_key_is_no_shared_secret(provider: Provider) -> None:
    _, payload, _ = provider.logout_token().split(".")
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"logout+jwt"}').rstrip(b"=")
    signed = head + b"." + payload.encode()
    secret = provider.key.as_pem(private=False)
    mac = urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")

    with pytest.raises(BadLogoutToken):
        believed(provider, (signed + b"." + mac).decode())


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."])
def test_rubbish_is_refused(provider: Provider, text: str) -> None:
    with pytest.raises(BadLogoutToken):
        believed(provider, text)


def test_an_unknown_key_id_asks_for_a_fresh_key_set_once(provider: Provider) -> None:
    old, asked = Provider().key_set(), []
    old["keys"][0]["kid"] = "zero"

    def keys(fresh: bool) -> Any:
        asked.append(fresh)
        return provider.key_set() if fresh else old

    check(provider.logout_token(), issuer=ISSUER, client_id="shebao", keys=keys)

    assert asked == [False, True]
