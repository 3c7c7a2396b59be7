"""The authorization server: Authlib's engine, wired to our grants and client methods.

One for each app. It is given ready-made requests and answers ready-made values, so that
nothing here knows a web framework.
"""

import logging
from typing import Any, cast

import flask
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, InvalidRequestError

from idp.current import OfTheApp
from idp.oidc.adapters import OAuthClient, OAuthRequest, find_client
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.grants import GRANTS
from idp.oidc.http import NO_STORE, Response, json_response


class Server(AuthorizationServer):
    def query_client(self, client_id: str) -> OAuthClient | None:
        return find_client(client_id)

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        raise NotImplementedError("each grant saves its own, in one atomic step")

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> OAuthRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        if isinstance(body, dict):
            return json_response(body, status)
        return Response(status, b"", (*headers, *NO_STORE))

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Response:
        return error_response(error)

    def authenticate_client(
        self, request: Any, methods: list[str], endpoint: str = "token"
    ) -> OAuthClient:
        """By the one method the client is registered with (RFC 6749 §2.3)."""
        used = presented(request)
        client = CLIENT_AUTH[used](None, request) if used in methods else None
        if client is None or not client.check_endpoint_auth_method(used, endpoint):
            raise InvalidClientError(
                "Client authentication failed", status_code=401 if used else 400
            )
        request.auth_method = used
        return client


def presented(request: Any) -> str:
    """The method this request uses; two at once are refused (RFC 6749 §2.3)."""
    form = request.form
    used = [
        name
        for name, present in (
            ("client_secret_basic", "Authorization" in request.headers),
            ("client_secret_post", "client_secret" in form),
            ("private_key_jwt", "client_assertion" in form),
        )
        if present
    ]
    if len(used) > 1:
        raise InvalidRequestError("More than one way of client authentication")
    return used[0] if used else "none"


def error_response(error: OAuth2Error) -> Response:
    """A machine's error answer: fixed ASCII, never cached (RFC 6749 §5.2)."""
    body = {"error": error.error}
    if description := error.get_error_description():
        body["error_description"] = description
    headers = []
    if error.error == "invalid_client" and error.status_code == 401:  # noqa: PLR2004
        headers.append(("WWW-Authenticate", 'Basic realm="oauth", charset="UTF-8"'))
    return json_response(body, error.status_code, *headers)


server = cast(Server, OfTheApp("oidc"))


def init_app(app: flask.Flask) -> None:
    """Give this app an authorization server of its own."""
    logging.getLogger("authlib").setLevel(logging.INFO)  # its DEBUG lines hold tokens
    made = Server()
    for grant in GRANTS:
        made.register_grant(grant, grant.EXTENSIONS)
    app.extensions["oidc"] = made
