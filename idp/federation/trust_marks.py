"""Trust marks: what an accreditation says of an entity, and whether it may say it (§7).

Whether a mark was revoked is asked elsewhere; the answer comes in with the mark.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from joserfc.jwk import Key

from idp.federation import entity_ids, jwks, signed, times
from idp.federation.chains import TrustChain
from idp.federation.entity_ids import EntityId
from idp.federation.errors import InvalidIdentifier, InvalidTrustMark
from idp.federation.rules import STRICT, Rules
from idp.federation.signed import Signed, Typ
from idp.federation.statements import Statement
from idp.federation.times import Lifetime


class Status(StrEnum):
    """What the issuer's status endpoint answers of a mark."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Shown:
    """A mark as an entity shows it, with its status if that was asked."""

    token: object
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class TrustMark:
    """A mark, or a delegation to issue marks: the two have the same claims."""

    signed: Signed
    iss: EntityId
    sub: EntityId
    type: str
    lifetime: Lifetime

    @property
    def claims(self) -> Mapping[str, Any]:
        """With whatever the accreditation adds, such as the highest level it stands for."""
        return self.signed.claims


def parse(token: object, typ: Typ = Typ.TRUST_MARK, rules: Rules = STRICT) -> TrustMark:
    read = signed.read(token, typ, rules)
    kind = read.claims.get("trust_mark_type")
    if not isinstance(kind, str) or not kind:
        raise InvalidTrustMark("trust_mark_type")
    return TrustMark(
        signed=read,
        iss=_identifier(read.claims.get("iss"), "iss", rules),
        sub=_identifier(read.claims.get("sub"), "sub", rules),
        type=kind,
        lifetime=times.parse(read.claims, InvalidTrustMark, expires=False),
    )


def validate(
    shown: Shown, subject: TrustChain, issuer: TrustChain, now: float, rules: Rules = STRICT
) -> TrustMark:
    """A mark that ``subject`` shows, by an ``issuer`` trusted under the same anchor."""
    mark = parse(shown.token, rules=rules)
    if mark.sub != subject.subject:
        raise InvalidTrustMark("sub", mark.sub)
    if mark.iss != issuer.subject:
        raise InvalidTrustMark("iss", mark.iss)
    if issuer.anchor.entity_id != subject.anchor.entity_id or issuer.anchor_configuration is None:
        raise InvalidTrustMark("anchor")
    if issuer.expires <= now - rules.leeway:
        raise InvalidTrustMark("issuer-expired", mark.iss)
    mark.lifetime.check(now, rules, InvalidTrustMark)
    _check_status(mark, shown.status)
    _check_issuer(mark, issuer.anchor_configuration)
    _check_delegation(mark, issuer.anchor_configuration, now, rules)
    signed.verify(mark.signed, issuer.keys.find(mark.signed.kid, mark.signed.alg))
    return mark


def make(
    claims: Mapping[str, Any], key: Key, typ: Typ = Typ.TRUST_MARK, rules: Rules = STRICT
) -> str:
    """Signs a mark or a delegation, and never one that we would not read."""
    token = signed.sign(claims, typ, key)
    parse(token, typ, rules)
    return token


def _check_status(mark: TrustMark, status: Status | None) -> None:
    if status not in (None, Status.ACTIVE):
        raise InvalidTrustMark("status", str(status))
    # What neither ends nor can be asked about could never be taken back.
    if status is None and mark.lifetime.ends == math.inf:
        raise InvalidTrustMark("unending", mark.type)


def _check_issuer(mark: TrustMark, anchor: Statement) -> None:
    """The anchor says who may issue marks of a type; nobody named means anybody."""
    issuers = anchor.claims.get("trust_mark_issuers", {}).get(mark.type)
    if issuers is None:
        raise InvalidTrustMark("type", mark.type)
    if issuers and mark.iss not in issuers:
        raise InvalidTrustMark("issuer", mark.iss)


def _check_delegation(mark: TrustMark, anchor: Statement, now: float, rules: Rules) -> None:
    """A type that has an owner is issued by the owner's leave, shown inside the mark."""
    owner = anchor.claims.get("trust_mark_owners", {}).get(mark.type)
    token = mark.claims.get("delegation")
    if owner is None and token is None:
        return
    if owner is None or token is None:
        raise InvalidTrustMark("delegation", mark.type)
    delegation = parse(token, Typ.TRUST_MARK_DELEGATION, rules)
    found = (delegation.iss, delegation.sub, delegation.type)
    if found != (owner["sub"], mark.iss, mark.type):
        raise InvalidTrustMark("delegation", mark.type)
    delegation.lifetime.check(now, rules, InvalidTrustMark)
    keys = jwks.parse(owner["jwks"])
    signed.verify(delegation.signed, keys.find(delegation.signed.kid, delegation.signed.alg))


def _identifier(value: object, about: str, rules: Rules) -> EntityId:
    try:
        return entity_ids.parse(value, rules)
    except InvalidIdentifier as error:
        raise InvalidTrustMark(about, error.reason) from error
