"""Rules of an authorization request, in the order they are checked; one rule a function.

They run after client and redirect URI are verified, so each failure may be told to the
relying party. Scope, response type and PKCE are Authlib's to check, in ``grants``.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from authlib.oauth2.rfc6749 import InvalidRequestError, UnsupportedResponseTypeError

from idp import assurance
from idp.oidc.claims import ClaimsRequest, of_scopes
from idp.oidc.errors import (
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnmetAuthenticationRequirements,
)
from idp.oidc.http import Params
from idp.store.clients import Registration

RESPONSE_MODES = ("query", "form_post")
DISPLAYS = ("page", "popup", "touch", "wap")
PROMPTS = ("none", "login", "consent", "select_account")
MAX_VALUE = 2048
_NUMBER = re.compile(r"[0-9]{1,9}")


class Wanted(NamedTuple):
    """What an authorization request asks for, checked and read."""

    scope: str
    scopes: frozenset[str]
    state: str
    nonce: str
    challenge: str
    prompt: frozenset[str]
    max_age: int | None
    voluntary: assurance.Level | None
    """The least level that would please; missing it is told by ``acr``, not refused."""
    binding: assurance.Level | None
    """The level without which nothing is issued."""
    sub: str
    id_token_hint: str
    claims: ClaimsRequest
    userinfo_claims: tuple[str, ...]
    all_claims: frozenset[str]
    """Everything that needs the person's consent or a statute."""


Check = Callable[[Params, Registration], None]


def no_parameter_is_repeated(params: Params, _client: Registration) -> None:
    """RFC 6749 §3.1."""
    if params.repeated:
        raise InvalidRequestError("A parameter is repeated")


def no_parameter_is_huge(params: Params, _client: Registration) -> None:
    if params.size <= MAX_VALUE:
        return
    for name, value in params.values.items():
        if len(value) > MAX_VALUE and name not in {"claims", "id_token_hint"}:
            raise InvalidRequestError("A parameter is too long")


def no_request_object(params: Params, _client: Registration) -> None:
    """Core §6: discovery says that neither form is supported yet."""
    if "request" in params.values:
        raise RequestNotSupported
    if "request_uri" in params.values:
        raise RequestUriNotSupported
    if "registration" in params.values:
        raise RegistrationNotSupported


def response_type_is_code(params: Params, _client: Registration) -> None:
    if "response_type" not in params.values:
        raise InvalidRequestError("Missing response_type")
    if params.values["response_type"] != "code":
        raise UnsupportedResponseTypeError("other than code")


def response_mode_is_known(params: Params, _client: Registration) -> None:
    if params.values.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequestError("Unsupported response_mode")


def prompt_makes_sense(params: Params, _client: Registration) -> None:
    """Core §3.1.2.1: ``none`` stands alone."""
    asked = params.values.get("prompt", "").split()
    if any(word not in PROMPTS for word in asked):
        raise InvalidRequestError("Unsupported prompt")
    if "none" in asked and len(asked) > 1:
        raise InvalidRequestError("prompt none stands alone")


def max_age_is_a_number(params: Params, _client: Registration) -> None:
    if "max_age" in params.values and not _NUMBER.fullmatch(params.values["max_age"]):
        raise InvalidRequestError("max_age is not a number of seconds")


def display_is_known(params: Params, _client: Registration) -> None:
    if params.values.get("display", "page") not in DISPLAYS:
        raise InvalidRequestError("Unsupported display")


def claims_are_readable(params: Params, _client: Registration) -> None:
    if "claims" in params.values:
        try:
            ClaimsRequest.parse(params.values["claims"])
        except (ValueError, AttributeError):
            raise InvalidRequestError("The claims parameter is not readable") from None


def an_essential_level_exists(params: Params, _client: Registration) -> None:
    """Core §5.5.1.1: an essential level that cannot be had is refused, not left out."""
    if "claims" not in params.values:
        return
    asked = ClaimsRequest.parse(params.values["claims"])
    if asked.acr_essential and asked.acr_values and assurance.least(asked.acr_values) is None:
        raise UnmetAuthenticationRequirements


def some_scope_is_registered(params: Params, client: Registration) -> None:
    """A scope the client is not registered for is ignored; asking for nothing else is wrong."""
    asked = set(params.values.get("scope", "").split())
    if asked and not asked & client.scopes:
        raise InvalidRequestError("None of the scopes is registered for this client")


CHECKS: tuple[Check, ...] = (
    no_parameter_is_repeated,
    no_parameter_is_huge,
    no_request_object,
    response_type_is_code,
    response_mode_is_known,
    prompt_makes_sense,
    max_age_is_a_number,
    display_is_known,
    claims_are_readable,
    an_essential_level_exists,
    some_scope_is_registered,
)


def check(params: Params, client: Registration) -> None:
    for rule in CHECKS:
        rule(params, client)


_NO_CLAIMS = ClaimsRequest()


def _claims(text: str, client: Registration) -> ClaimsRequest:
    """What is asked for one by one, as far as the client's scopes allow it."""
    asked, allowed = ClaimsRequest.parse(text), set(of_scopes(client.scopes))
    return asked._replace(
        userinfo=tuple(name for name in asked.userinfo if name in allowed),
        id_token=tuple(name for name in asked.id_token if name in allowed),
    )


def read(params: Mapping[str, str], client: Registration, scope: str) -> Wanted:
    """Read a request that passed every check; ``scope`` is what the client may have of it."""
    claims = _claims(params["claims"], client) if "claims" in params else _NO_CLAIMS
    max_age = params.get("max_age", client.default_max_age)
    essential = assurance.least(claims.acr_values) if claims.acr_essential else None
    scopes = frozenset(scope.split())
    userinfo = tuple(dict.fromkeys((*of_scopes(sorted(scopes)), *claims.userinfo)))
    return Wanted(
        scope=scope,
        scopes=scopes,
        state=params.get("state", ""),
        nonce=params.get("nonce", ""),
        challenge=params.get("code_challenge", ""),
        prompt=frozenset(params.get("prompt", "").split()),
        max_age=int(max_age) if max_age is not None else None,
        voluntary=assurance.least((*params.get("acr_values", "").split(), *claims.acr_values)),
        binding=assurance.most(essential, assurance.Level.parse(client.minimum_acr)),
        sub=claims.sub,
        id_token_hint=params.get("id_token_hint", ""),
        claims=claims,
        userinfo_claims=userinfo,
        all_claims=frozenset((*userinfo, *claims.id_token, *({"offline_access"} & scopes))),
    )
