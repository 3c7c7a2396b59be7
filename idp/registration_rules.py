"""What a registration may say (OIDC Registration §2, RFC 8252 §7, OAuth Security BCP §2.1)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from idp.errors import N_, IdpError
from idp.store.clients import CONSENT, METADATA, STATUTORY, Registration

PRIVATE_KEY_JWT = "private_key_jwt"
AUTH_METHODS = ("client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT, "none")
GRANTS = ("authorization_code", "refresh_token")
SIGNATURES = ("ES256", "RS256")
CHOICES: dict[str, tuple[str, ...]] = {
    "token_endpoint_auth_method": AUTH_METHODS,
    "legal_basis": (CONSENT, STATUTORY),
    "subject_type": ("pairwise", "public"),
    "id_token_signed_response_alg": SIGNATURES,
    "userinfo_signed_response_alg": ("", *SIGNATURES),
    "access_token_format": ("opaque", "jwt"),
    "token_endpoint_auth_signing_alg": SIGNATURES,
    "assertion_audience": ("any", "issuer"),
}
_LINKS = ("home_uri", "initiate_login_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri",
          "backchannel_logout_uri", "frontchannel_logout_uri")  # fmt: skip
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class BadMetadata(IdpError):
    """The registration says something it may not; the message names the setting and why."""

    code = "HT-0511"
    message = N_("应用登记信息有误：%(why)s")
    next_step = N_("请更正登记信息后重试。")
    oauth_error = "invalid_client_metadata"

    def __init__(self, why: str):
        super().__init__(why=why)

    def __str__(self) -> str:
        return f"{self.code} {self.params['why']}"


def checked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """``metadata`` as it is stored, or BadMetadata naming the first thing wrong."""
    if unknown := sorted(set(metadata) - METADATA):
        raise BadMetadata(f"{unknown[0]}: there is no such setting")
    values = {name: _typed(name, value) for name, value in metadata.items()}
    found = Registration(client_id="-", **{"name": "", **_as_tuples(values)})
    for rule in RULES:
        for problem in rule(found):
            raise BadMetadata(problem)
    return values


def _named(client: Registration) -> Iterable[str]:
    if not client.name.strip():
        yield "name: people must see who asks"
    if "openid" not in client.scopes:
        yield "scope: must contain openid"


def _choices(client: Registration) -> Iterable[str]:
    for name, choices in CHOICES.items():
        if getattr(client, name) not in choices:
            yield f"{name}: one of {', '.join(filter(None, choices))}"
    if not client.grant_types or set(client.grant_types) - set(GRANTS):
        yield f"grant_types: some of {', '.join(GRANTS)}"


def _redirects(client: Registration) -> Iterable[str]:
    if not client.redirect_uris:
        yield "redirect_uris: at least one"
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in getattr(client, name):
            if not _is_redirect(uri, public=client.public):
                yield f"{name}: {uri!r} must be a full https address without fragment or '*'"


def _links(client: Registration) -> Iterable[str]:
    for name in _LINKS:
        uri = getattr(client, name)
        if uri and not _is_web(uri):
            yield f"{name}: {uri!r} must be a full https address"
    for origin in client.web_origins:
        if not _is_web(origin) or origin.count("/") != len("//"):
            yield f"web_origins: {origin!r} must be an https origin without a path"


def _keys(client: Registration) -> Iterable[str]:
    if client.jwks and client.jwks_uri:
        yield "jwks: not together with jwks_uri"
    needs = client.token_endpoint_auth_method == PRIVATE_KEY_JWT
    if needs and not (client.jwks or client.jwks_uri):
        yield "jwks: private_key_jwt needs jwks or jwks_uri"
    listed = (client.jwks or {}).get("keys", [])
    if client.jwks and (not listed or not all(isinstance(key, dict) for key in listed)):
        yield "jwks: must hold a list of keys"
    if any(_PRIVATE & set(key) for key in listed if isinstance(key, dict)):
        yield "jwks: must hold public keys only"


def _basis(client: Registration) -> Iterable[str]:
    if client.statutory and not client.statute:
        yield "statute: a statutory client names the law it stands on"
    if client.statutory and not client.claims:
        yield "claims: a statutory client lists the claims it may be told"
    if client.web_origins and not client.public:
        yield "web_origins: only for public clients"


RULES: tuple[Callable[[Registration], Iterable[str]], ...] = (
    _named,
    _choices,
    _redirects,
    _links,
    _keys,
    _basis,
)


def _typed(name: str, value: Any) -> Any:
    """Refuse a list where a text belongs, and the other way round."""
    default = next(f.default for f in fields(Registration) if f.name == name)
    if name in {"jwks", "default_max_age"}:
        wanted: tuple[type, ...] = (dict,) if name == "jwks" else (int,)
        fits = value is None or isinstance(value, wanted)
    elif isinstance(default, tuple):
        fits = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        value = list(value) if fits else value
    else:
        wanted = (bool,) if isinstance(default, bool) else (str,)
        fits = isinstance(value, wanted)
    if not fits:
        raise BadMetadata(f"{name}: of the wrong type")
    return value


def _as_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


def _is_redirect(uri: str, *, public: bool) -> bool:
    if "*" in uri or "#" in uri or any(letter.isspace() for letter in uri):
        return False
    if _is_web(uri):
        return True
    # A native app's own scheme, named after a domain it holds (RFC 8252 §7.1).
    return public and _OWN_SCHEME.fullmatch(urlsplit(uri).scheme) is not None


def _is_web(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or "\\" in uri or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """This machine: the only place plain http is safe."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
