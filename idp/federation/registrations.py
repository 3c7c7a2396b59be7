"""Explicit registration: the two statements that a relying party and a provider exchange (§12.2).

A statement made for this names its receiver, so that it can never serve as another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp.federation import jwks, metadata, signed, statements, times
from idp.federation.chains import TrustChain
from idp.federation.entity_ids import EntityId
from idp.federation.errors import InvalidRegistration
from idp.federation.rules import STRICT, Rules
from idp.federation.signed import Signed, Typ
from idp.federation.statements import Statement

RELYING_PARTY = "openid_relying_party"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a provider registered; read from a response, and not yet verified."""

    signed: Signed
    client: Mapping[str, Any]
    """The relying party's metadata as the provider holds it, with its ``client_id``."""
    expires: float


def parse_request(token: object, provider: EntityId, rules: Rules = STRICT) -> Statement:
    """A relying party's configuration made for ``provider``; a chain has to make it trusted."""
    request = statements.parse(token, rules, addressed=True)
    if request.claims.get("aud") != provider:
        raise InvalidRegistration("aud")
    if not request.is_configuration:
        raise InvalidRegistration("configuration")
    if not request.authority_hints:
        raise InvalidRegistration("authority_hints")
    if RELYING_PARTY not in request.metadata:
        raise InvalidRegistration("metadata", RELYING_PARTY)
    return request


def parse_response(
    token: object, own: TrustChain, provider: TrustChain, now: float, rules: Rules = STRICT
) -> Registration:
    """What ``provider`` answered; both chains end at the anchor that it has to name."""
    read = signed.read(token, Typ.EXPLICIT_REGISTRATION, rules)
    claims = read.claims
    expected = {
        "iss": provider.subject,
        "sub": own.subject,
        "aud": own.subject,
        "trust_anchor": own.anchor.entity_id,
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise InvalidRegistration(name)
    if provider.anchor.entity_id != own.anchor.entity_id:
        raise InvalidRegistration("trust_anchor")
    statements.check_crit(claims, rules)
    _check_hint(claims.get("authority_hints"), own)
    if "jwks" in claims:
        jwks.parse(claims["jwks"])
    lifetime = times.parse(claims, InvalidRegistration)
    expires = min(lifetime.ends, own.expires, provider.expires)
    replace(lifetime, ends=expires).check(now, rules, InvalidRegistration)
    client = metadata.parse(claims.get("metadata"), rules).get(RELYING_PARTY, {})
    if not isinstance(client.get("client_id"), str):
        raise InvalidRegistration("client_id")
    signed.verify(read, provider.keys.find(read.kid, read.alg))
    return Registration(read, client, expires)


def _check_hint(hints: object, own: TrustChain) -> None:
    """The one superior of ours, through which the provider came to the anchor."""
    if not isinstance(hints, list) or len(hints) != 1:
        raise InvalidRegistration("authority_hints")
    if hints[0] not in own.statements[0].authority_hints:
        raise InvalidRegistration("authority_hints")
