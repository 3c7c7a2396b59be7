"""Pushed authorization requests (RFC 9126): checked here, before a browser is sent with them."""

from http import HTTPStatus

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.oidc import authorize, pushed, request_objects
from idp.oidc.adapters import EPOCH, OAuthClient, OAuthRequest, find_client
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.endpoints.token import check_form
from idp.oidc.federation import registering
from idp.oidc.http import MAX_KEPT, Params, Request, Response, json_response
from idp.oidc.server import error_response, server
from idp.store import buckets
from idp.store import grants as store


def answer(request: Request) -> Response:
    EPOCH.set(store.read_epoch(buckets.draw()))
    try:
        check_form(request)
        _check_size(request.form, beside="request")
        client_id = request.form.values.get("client_id", "")
        if "://" in client_id and find_client(client_id) is None:
            registering.meet_machine(client_id, request.form.values.get("request", ""))
            EPOCH.set(store.read_epoch(buckets.draw()))  # they may be on record now
        client = server.authenticate_client(OAuthRequest(request, request.form), [*CLIENT_AUTH])
        asked = _asked(request.form, client)
    except OAuth2Error as error:
        return error_response(error)
    uri = pushed.keep(asked.values, client.get_client_id())
    lifetime = int(pushed.LIFETIME.total_seconds())
    return json_response({"request_uri": uri, "expires_in": lifetime}, HTTPStatus.CREATED)


def _check_size(form: Params, *, beside: str = "") -> None:
    if form.size - len(form.values.get(beside, "")) > MAX_KEPT:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        raise OAuth2Error("The request is too large", error="invalid_request", status_code=status)


def _asked(form: Params, client: OAuthClient) -> Params:
    """The request, after all that can be said before anybody is asked; the same is checked again
    when it is used, for registrations change.
    """
    if "request_uri" in form.values:  # §2.1
        raise InvalidRequestError("A pushed request names no other")
    if "request" in form.values:  # §3
        form = request_objects.opened(form, client)
        _check_size(form)
    elif client.record.require_signed_request_object:
        raise InvalidRequestError("The request has to be signed")
    values = form.values
    if values.get("client_id", client.get_client_id()) != client.get_client_id():
        raise InvalidRequestError("The client_id is another client's")
    if not client.check_redirect_uri(values.get("redirect_uri", "")):
        raise InvalidRequestError("The redirect_uri is not registered")
    authorize.read(Params({**values, "client_id": client.get_client_id()}), client)
    return form
