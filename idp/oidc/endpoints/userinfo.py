"""The userinfo endpoint (OIDC Core §5.3), called with a bearer token (RFC 6750 §2.1, §2.2)."""

from typing import Any

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.oidc import access, encrypting, telling, tokens
from idp.oidc.adapters import find_client
from idp.oidc.errors import InsufficientScope, InvalidToken
from idp.oidc.http import NO_STORE, Request, Response, json_response
from idp.services import services


def answer(request: Request) -> Response:
    try:
        found = access.read(_bearer(request))
        if found is None:
            raise InvalidToken
        return _tell(found)
    except OAuth2Error as error:
        return _refuse(error)


def _bearer(request: Request) -> str:
    """The token, from the header or the form body, one of the two; never from the query."""
    if "access_token" in request.query.values:
        raise InvalidRequestError("The access token belongs in the header")
    if request.form.repeated:
        raise InvalidRequestError("A parameter is repeated")
    scheme, _, header = request.authorization.partition(" ")
    in_body = request.form.values.get("access_token", "")
    if request.authorization and in_body:
        raise InvalidRequestError("More than one access token")
    if request.authorization and scheme.lower() != "bearer":
        raise InvalidToken
    return header.strip() or in_body


def _tell(found: access.Access) -> Response:
    scopes = found.scope.split()
    client = find_client(found.client_id)
    if client is None or found.family is None:
        raise InvalidToken
    if "openid" not in scopes:
        raise InsufficientScope
    core = found.family.core
    names = telling.tellable(client.record, core, telling.within(core, "ui", found.scope))
    claims = telling.by_userinfo(client.record, found.family, names)
    if claims is None:
        raise InvalidToken
    told: dict[str, Any] = {**claims, "sub": core["sub"]}
    alg = client.record.userinfo_signed_response_alg
    if not alg:
        return json_response(told)
    signed = tokens.sign({**told, "iss": services.settings.issuer, "aud": found.client_id}, alg)
    if client.record.userinfo_encrypted_response_alg:
        signed = encrypting.userinfo(client.record, signed)
    return Response(200, signed.encode(), (("Content-Type", "application/jwt"), *NO_STORE))


def _refuse(error: OAuth2Error) -> Response:
    """RFC 6750 §3: the reason stands in the challenge."""
    challenge = f'Bearer error="{error.error}", error_description="{error.get_error_description()}"'
    body = {"error": error.error, "error_description": error.get_error_description()}
    return Response(
        error.status_code,
        orjson.dumps(body),
        (("Content-Type", "application/json"), *NO_STORE, ("WWW-Authenticate", challenge)),
    )
