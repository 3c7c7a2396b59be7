"""Facts about Authlib we work around; a test that fails here says a workaround may go.

The table is in ARCHITECTURE.md; each fact is shown in Authlib itself, and what we do
about it in the provider.
"""

import inspect
import logging
from collections.abc import Callable
from importlib.metadata import version

import flask
import pytest
from authlib.oauth2 import OAuth2Error, rfc7636
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidRequestError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.hooks import Hookable
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from idp.errors import catalogue
from idp.oidc import server
from idp.services import services
from tests.oidc.actors import Person, Portal


def test_the_version_has_the_fixes_we_rely_on() -> None:
    assert tuple(map(int, version("authlib").split("."))) >= (1, 9, 9)


class TestNonAsciiDescriptions:
    def test_authlib_raises_on_them(self) -> None:
        with pytest.raises(ValueError, match="forbidden"):
            InvalidRequestError("缺少参数")

    def test_authlib_echoes_what_it_was_sent(self) -> None:
        assert "密码" in UnsupportedGrantTypeError("密码").get_error_description()

    def test_our_catalogue_speaks_ascii_to_relying_parties(self) -> None:
        assert all(error.oauth_error.isascii() for error in catalogue())

    def test_we_never_echo(self, shebao: Portal) -> None:
        answer = shebao.calls("/oauth/token", grant_type="密码")

        assert answer.data.isascii()
        assert b"\\u" not in answer.data


def test_authlibs_debug_lines_hold_tokens_so_we_silence_them(
    app: flask.Flask, wang: Person, shebao: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    assert logging.getLogger("authlib").level == logging.INFO
    tokens = shebao.tokens_for(wang)

    assert tokens["access_token"] not in caplog.text


class TestPkce:
    def test_authlib_allows_plain_and_makes_it_the_default(self) -> None:
        assert rfc7636.CodeChallenge.DEFAULT_CODE_CHALLENGE_METHOD == "plain"
        assert "plain" in rfc7636.CodeChallenge.SUPPORTED_CODE_CHALLENGE_METHOD

    @pytest.mark.parametrize("method", ["plain", None])
    def test_we_want_s256_said_at_authorize(
        self, wang: Person, shebao: Portal, method: str | None
    ) -> None:
        wang.opens(shebao.url(code_challenge_method=method), follow=False)

        assert wang.arrived["error"] == "invalid_request"

    def test_a_public_client_can_never_leave_it_out(self, register: Callable[..., Portal]) -> None:
        with pytest.raises(Exception, match="HT-0301"):
            register("spa", token_endpoint_auth_method="none", require_pkce=False)


def test_authlib_deletes_a_code_after_saving_the_token_so_we_spend_it_while_saving() -> None:
    """The order in its source; test_tokens.py shows that fifty at once yield one winner."""
    source = inspect.getsource(AuthorizationCodeGrant)
    answering = source[source.index("def create_token_response") :]

    assert answering.index("save_token(") < answering.index("delete_authorization_code(")


def test_authlibs_tokens_live_long_by_default_so_ours_are_all_in_the_settings(
    wang: Person, shebao: Portal
) -> None:
    assert BearerTokenGenerator.DEFAULT_EXPIRES_IN == 3600
    assert BearerTokenGenerator.GRANT_TYPES_EXPIRES_IN["authorization_code"] == 864000

    assert shebao.tokens_for(wang)["expires_in"] == 900


def test_authlib_leaves_the_issuer_out_of_early_errors_so_one_function_adds_it(
    wang: Person, shebao: Portal
) -> None:
    error = OAuth2Error(error="invalid_scope", redirect_uri="https://shebao.test/callback")
    assert "iss=" not in dict(error()[2])["Location"]

    wang.opens(shebao.url(scope="nothing-we-know"), follow=False)
    assert wang.arrived["iss"] == "http://localhost:8000"


def test_hooks_run_in_no_order_so_no_extension_depends_on_one() -> None:
    class Hooked(Hookable):
        pass

    hooked = Hooked()
    hooked.register_hook("x", print)
    assert isinstance(hooked._hooks["x"], set)
    for grant in server.GRANTS:
        assert len(grant.EXTENSIONS) <= 1


def test_authlibs_signal_must_be_answered() -> None:
    with pytest.raises(NotImplementedError):
        AuthorizationServer().send_signal("after_authenticate_client")


def test_no_implicit_hybrid_or_password_grant_is_registered(app: flask.Flask) -> None:
    grants = {grant.GRANT_TYPE for grant in server.GRANTS}

    assert grants == {"authorization_code", "refresh_token", "client_credentials"}
    assert {"code"} == server.GRANTS[0].RESPONSE_TYPES


def test_we_sign_with_joserfc_and_key_objects_made_once(app: flask.Flask) -> None:
    with app.app_context():
        assert services.keys.signer("ES256") is services.keys.signer("ES256")
        assert type(services.keys.signer("RS256")).__module__.startswith("joserfc")
