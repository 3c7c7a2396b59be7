"""Rules of an authorization request, in the order they are checked; one rule a function.

They run after client and redirect URI are verified, so each failure may be told to the
relying party. Scope, response type and PKCE are Authlib's to check, in ``grants``.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedResponseTypeError,
)

from idp import assurance, represented, settings
from idp.broker.asking import PATH
from idp.oidc.claims import SCOPES, SENSITIVE_SCOPES, ClaimsRequest, of_scopes
from idp.oidc.errors import (
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnmetAuthenticationRequirements,
)
from idp.oidc.http import Params
from idp.oidc.ida import asking
from idp.store.clients import GUARDED, SENSITIVE, Registration

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
    voluntary: tuple[assurance.Level, ...]
    """The least levels of which one would please; missing it is told by ``acr``, not refused."""
    binding: tuple[assurance.Level, ...]
    """Those without one of which nothing is issued; empty: none."""
    sub: str
    id_token_hint: str
    claims: ClaimsRequest
    userinfo_claims: tuple[str, ...]
    all_claims: frozenset[str]
    """Everything that needs the person's consent or a statute."""
    organisation: bool = False
    """Whether the client would know for whom the person acts."""

    @property
    def least(self) -> assurance.Level | None:
        """The first of the levels asked for: what somebody yet unknown should expect."""
        return next(iter(self.binding or self.voluntary), None)

    def of_oneself(self) -> "Wanted":
        """The same, of somebody who acts for nobody else here."""
        less = represented.CLAIMS
        return self._replace(
            userinfo_claims=tuple(n for n in self.userinfo_claims if n not in less),
            all_claims=self.all_claims - less,
            claims=self.claims._replace(
                id_token=tuple(n for n in self.claims.id_token if n not in less)
            ),
        )

    def of_an_organisation(self) -> "Wanted":
        """The same, of somebody who acts for one: the ID token says so too, whoever asked where."""
        asked = [n for n in self.userinfo_claims if n in represented.CLAIMS]
        in_id_token = tuple(dict.fromkeys((*self.claims.id_token, *asked)))
        return self._replace(claims=self.claims._replace(id_token=in_id_token))


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
    """Core §6: a signed one has been opened before; nobody vouches for another, and addresses of
    one are not followed.
    """
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
    if asked.acr_essential and asked.acr_values and not assurance.least(asked.acr_values):
        raise UnmetAuthenticationRequirements


def scopes_are_for_this_client(params: Params, client: Registration) -> None:
    """A scope the client is not registered for is ignored; asking for nothing else is wrong, and
    so is asking for what an operator has to approve first.
    """
    asked = set(params.values.get("scope", "").split())
    for scope in SENSITIVE_SCOPES:
        if scope in asked and not client.withheld.isdisjoint(SCOPES[scope]):
            raise InvalidScopeError
    if asking.WHOLE in asked and _by_scope(client) is None:
        raise InvalidScopeError
    if asked and not asked & client.scopes:
        raise InvalidRequestError("None of the scopes is registered for this client")


def the_way_is_no_loop(params: Params, client: Registration) -> None:
    """A node that asks for somebody else's portal says which nodes have asked before it: never
    this one, and not too many. Of other clients such words mean nothing.
    """
    if not client.federated or PATH not in params.values:
        return
    path = params.values[PATH].split()
    if path[-1:] != [client.client_id] or settings.current.issuer in path:
        raise InvalidRequestError("The path leads back here, or is not the client's")
    if len(path) > settings.current.federation.max_hops:
        raise InvalidRequestError("The path is too long")


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
    scopes_are_for_this_client,
    the_way_is_no_loop,
)


def check(params: Params, client: Registration) -> None:
    for rule in CHECKS:
        rule(params, client)


_NO_CLAIMS = ClaimsRequest()


def _claims(text: str, client: Registration) -> ClaimsRequest:
    """What is asked for one by one, as far as the client's scopes and approvals allow it."""
    asked, allowed = ClaimsRequest.parse(text), set(of_scopes(client.scopes)) - client.withheld
    approved = _approved(client)
    return asked._replace(
        userinfo=tuple(name for name in asked.userinfo if name in allowed),
        id_token=tuple(name for name in asked.id_token if name in allowed),
        verified_userinfo=asking.allowed(asked.verified_userinfo, approved),
        verified_id_token=asking.allowed(asked.verified_id_token, approved - GUARDED),
    )


def _approved(client: Registration) -> frozenset[str]:
    return frozenset(SENSITIVE) - client.withheld


def _by_scope(client: Registration) -> asking.Request | None:
    """The verified claims their scope stands for, as far as the client is approved for them."""
    return asking.allowed(asking.OF_THE_SCOPE, _approved(client))


def read(params: Mapping[str, str], client: Registration, scope: str) -> Wanted:
    """Read a request that passed every check; ``scope`` is what the client may have of it."""
    claims = _claims(params["claims"], client) if "claims" in params else _NO_CLAIMS
    max_age = params.get("max_age", client.default_max_age)
    essential = assurance.least(claims.acr_values) if claims.acr_essential else ()
    scopes = frozenset(scope.split())
    if asking.WHOLE in scopes and claims.verified_userinfo is None:  # the parameter says it closer
        claims = claims._replace(verified_userinfo=_by_scope(client))
    userinfo = tuple(dict.fromkeys((*of_scopes(sorted(scopes)), *claims.userinfo)))
    named = claims.verified if claims is not _NO_CLAIMS else ()
    wanted = (*userinfo, *claims.id_token, *named, *({"offline_access"} & scopes))
    return Wanted(
        scope=scope,
        scopes=scopes,
        state=params.get("state", ""),
        nonce=params.get("nonce", ""),
        challenge=params.get("code_challenge", ""),
        prompt=frozenset(params.get("prompt", "").split()),
        max_age=int(max_age) if max_age is not None else None,
        voluntary=assurance.least((*params.get("acr_values", "").split(), *claims.acr_values)),
        binding=assurance.at_least(assurance.Level.parse(client.minimum_acr), essential),
        sub=claims.sub,
        id_token_hint=params.get("id_token_hint", ""),
        claims=claims,
        userinfo_claims=userinfo,
        all_claims=frozenset(wanted),
        organisation=not represented.CLAIMS.isdisjoint(wanted),
    )
