"""Automatic registration (OpenID Federation §12.1): a client is whatever its chain makes of it.

An entity comes on record the first time it asks, and its record follows its chain from then on;
once no chain leads to it, it is nobody here, whatever it was given before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from authlib.oauth2 import OAuth2Error

from idp import standing
from idp.audit import context
from idp.current import of_the_app
from idp.errors import N_, IdpError
from idp.federation import answers, strict
from idp.federation.chains import TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, InvalidMetadata, Unreachable
from idp.oidc.claims import SCOPES, SENSITIVE_SCOPES
from idp.services import services
from idp.store import clients, throttles
from idp.store.clients import LISTEN, SENSITIVE, Client, Registration
from idp.store.throttles import Counter
from idp.trust import documents, kinds
from idp.web.addresses import address_range

RELYING_PARTY = "openid_relying_party"
_JWKS = "application/jwk-set+jwt"
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types")
_TEXTS = (
    "token_endpoint_auth_signing_alg",
    "request_object_signing_alg",
    "id_token_signed_response_alg",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "initiate_login_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
)
"""What is registered as the chain has it (Registration §2)."""
_LONGEST_NAME = 128
"""Letters of a name on our pages."""
_STRANGERS = 60
"""Entities never met that one address range may bring in within the window."""
_WINDOW = timedelta(minutes=15)


class NotTrusted(IdpError):
    """No valid chain leads from the client to a trust anchor of ours; the log names why."""

    code = "HT-8201"
    message = N_("您要访问的网站没有获得本平台的信任，登录已停止。")
    next_step = N_("请联系该网站的管理单位，并告知下面的代码。")
    status = 403
    oauth_error = "invalid_client"


class TrustUnknown(IdpError):
    """A superior of the client does not answer, and nothing is known of the client from before."""

    code = "HT-8202"
    message = N_("暂时无法核实您要访问的网站，登录没有进行。")
    next_step = N_("请过几分钟再试；仍然不行的，请联系该网站的管理单位。")
    status = 503
    oauth_error = "temporarily_unavailable"


class TooManyStrangers(IdpError):
    """One address range names more unknown entities than any honest portal would."""

    code = "HT-8203"
    message = N_("当前网络请求过于频繁。")
    next_step = N_("请稍后重试，或换用其他网络。")
    status = 429
    oauth_error = "temporarily_unavailable"


@dataclass(slots=True)
class _Memory:
    """By client: the chain its record was last compared with."""

    compared: dict[str, tuple[TrustChain, Registration]] = field(default_factory=dict)


def meet(client_id: str, request: str = "") -> None:
    """Bring on record whom nobody here knows now; ``request``: the request object it came with.

    Nothing for what could be no entity, and for whom an operator has registered or stopped.
    Raises IdpError.
    """
    if not services.trust.is_entity(client_id):
        return
    known = clients.look_up(client_id)
    if known is not None and not (known.federated and known.active):
        return
    if known is None and not services.trust.knows(client_id):
        count_stranger()
    try:
        chain = _introduced(client_id, request)
        standing.keep_entity(client_id, metadata(chain))
    except (Unreachable, FederationError, standing.InvalidRegistration) as error:
        away = isinstance(error, Unreachable) and error.transient
        raise (TrustUnknown if away else NotTrusted) from error


def count_stranger() -> None:
    """Before somebody is looked for of whom nothing is known: it makes us ask others. Raises
    TooManyStrangers.
    """
    place = address_range(context.current().address)
    counter = Counter.of(place, "entities", _STRANGERS, _WINDOW)
    if throttles.take([counter]).refused_by is not None:
        raise TooManyStrangers


def meet_machine(client_id: str, request: str = "") -> None:
    """``meet``, with the errors that only a pushed request is told (§12.1.3)."""
    try:
        meet(client_id, request)
    except (TrustUnknown, TooManyStrangers) as error:
        status = HTTPStatus(error.status)
        raise OAuth2Error(error="temporarily_unavailable", status_code=status) from error
    except NotTrusted as error:
        wrong = isinstance(error.__cause__, InvalidMetadata | standing.InvalidRegistration)
        name = "invalid_metadata" if wrong else "invalid_trust_chain"
        raise OAuth2Error(error=name, status_code=HTTPStatus.BAD_REQUEST) from error


def as_vouched(record: Registration) -> Registration | None:
    """The record of an entity as its chain has it now; None once there is no chain."""
    memory: _Memory = of_the_app().setdefault("entities", _Memory())
    try:
        chain = services.trust.chain(record.client_id)
        compared = memory.compared.get(record.client_id)
        if compared is not None and compared[0] is chain and compared[1] is record:
            return record
        wanted = metadata(chain)
        if not _same(record, wanted):
            standing.keep_entity(record.client_id, wanted)
            record = clients.look_up(record.client_id) or record
    except (FederationError, standing.InvalidRegistration):
        return None
    memory.compared[record.client_id] = (chain, record)
    return record


def metadata(chain: TrustChain) -> dict[str, Any]:
    """What an entity is registered as. Raises FederationError."""
    party = chain.metadata.get(RELYING_PARTY)
    if party is None:
        raise InvalidMetadata(RELYING_PARTY, chain.subject)
    if "automatic" not in party.get("client_registration_types", []):
        raise InvalidMetadata("client_registration_types", chain.subject)
    if party.get("response_types", ["code"]) != ["code"]:
        raise InvalidMetadata("response_types", chain.subject)
    entity = chain.metadata.get(FEDERATION_ENTITY, {})
    strict = services.trust.is_strict(chain)
    named = _first(party, "client_name", "organization_name") or _first(
        entity, "display_name", "organization_name"
    )
    found = {
        "token_endpoint_auth_signing_alg": "",
        **_taken(party),
        **_keys(chain, party),
        "name": (named or chain.subject)[:_LONGEST_NAME],
        "legal_name": _first(party, "organization_name") or _first(entity, "organization_name"),
        "contact": next(iter(party.get("contacts") or entity.get("contacts") or ()), ""),
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(_scopes(party, marks := _marks(chain))),
        "sensitive_claims": _approved(marks),
        "sector": chain.subject,
        "assertion_audience": "issuer" if strict else "any",
        "require_pushed_authorization_requests": strict,
        "require_pkce": strict,
        "federated": "strict" if strict else "interop",
    }
    found["grant_types"] = found.get("grant_types", ["authorization_code"])
    return found


def _taken(party: Mapping[str, Any]) -> dict[str, Any]:
    """What a stranger says of itself, where it is of the kind it should be."""
    found = {name: party[name] for name in (*_LISTS, *_TEXTS) if name in party}
    for name, value in found.items():
        if isinstance(value, list) is not (name in _LISTS):
            raise InvalidMetadata(RELYING_PARTY, name)
        if not all(isinstance(each, str) for each in (value if name in _LISTS else [value])):
            raise InvalidMetadata(RELYING_PARTY, name)
    return found


def _introduced(client_id: str, request: str) -> TrustChain:
    """By the chain its own request shows, where there is one; else it is looked for."""
    shown = _header(request).get("trust_chain")
    if shown is not None:
        try:
            return services.trust.shown(client_id, shown)
        except FederationError:  # a hint that leads nowhere is no worse than none (§4.3)
            return services.trust.chain(client_id)
    return services.trust.chain(client_id)


def _header(request: str) -> Mapping[str, Any]:
    try:
        return strict.header(request) if request else {}
    except ValueError:
        return {}


def _keys(chain: TrustChain, party: Mapping[str, Any]) -> dict[str, Any]:
    """By value, signed by the entity, or by an address, in this order of preference (§5.2.1)."""
    if "jwks" in party:
        return {"jwks": party["jwks"]}
    if "signed_jwks_uri" in party:
        token = documents.fetch(services.outbound, str(party["signed_jwks_uri"]), _JWKS)
        read = answers.parse_signed_jwks(token, chain.subject, services.trust.rules)
        answers.verify(read, chain.keys)
        return {"jwks": {"keys": read.claims["keys"]}}
    return {"jwks_uri": party["jwks_uri"]} if "jwks_uri" in party else {}


def _marks(chain: TrustChain) -> set[str]:
    return {each.name for each in services.trust.marks(chain)}


def _approved(marks: set[str]) -> list[str]:
    """What the federation has approved it for: gateways are told names, few ID numbers."""
    named = set(SENSITIVE.values())
    allowed = named - {"id_number"} if kinds.GATEWAY in marks else set()
    return sorted(allowed | ({"id_number"} & named if kinds.ID_NUMBER in marks else set()))


def _scopes(party: Mapping[str, Any], marks: set[str]) -> list[str]:
    asked = str(party.get("scope", "openid")).split()
    withheld = set() if kinds.GATEWAY in marks else set(SENSITIVE_SCOPES)
    known = {*SCOPES, *LISTEN}
    return [scope for scope in asked if scope in known and scope not in withheld]


def _same(record: Registration, wanted: Mapping[str, Any]) -> bool:
    status = {"status", "secret_hash", "old_secret_hash", "old_secret_until"}
    made = Registration.of(Client(client_id=record.client_id, metadata_=dict(wanted)))
    names = [each.name for each in fields(Registration) if each.name not in status]
    return all(getattr(made, name) == getattr(record, name) for name in names)


def _first(values: Mapping[str, Any], *names: str) -> str:
    found = (values.get(f"{name}#zh-Hans-CN", values.get(name)) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")
