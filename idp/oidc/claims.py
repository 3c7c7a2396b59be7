"""Claims: which scopes stand for which, and what a request may ask for (Core §5.4, §5.5)."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from idp.oidc.ida import asking
from idp.store.clients import GUARDED

SCOPES: dict[str, tuple[str, ...]] = {
    "openid": (),
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "realname": ("real_name", "guardian"),
    "id_number": ("id_type", "id_number"),
    asking.WHOLE: (asking.WHOLE,),
    "organisation": ("organisation", "mandate"),
    "offline_access": (),
}
"""The scopes on offer; discovery, consent and registration follow."""

SENSITIVE_SCOPES = ("realname", "id_number")
"""Those a client is refused, not just not given, where it is not approved for them."""

CLAIMS = tuple(claim for claims in SCOPES.values() for claim in claims)
IN_ID_TOKEN = tuple(claim for claim in CLAIMS if claim not in GUARDED)
MAX_CLAIMS_PARAMETER = 8192


class ClaimsRequest(NamedTuple):
    """The ``claims`` parameter (Core §5.5), as far as it names claims we know."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    sub: str = ""
    """The one subject that may answer."""
    acr_essential: bool = False
    acr_values: tuple[str, ...] = ()
    verified_userinfo: asking.Request | None = None
    verified_id_token: asking.Request | None = None

    @property
    def verified(self) -> frozenset[str]:
        """What is asked for as verified claims, by the names it is agreed to."""
        return asking.names(self.verified_userinfo) | asking.names(self.verified_id_token)

    @classmethod
    def parse(cls, text: str) -> "ClaimsRequest":
        """Unknown claims are left out, as Core §5.5.1 wants; raises ValueError when malformed."""
        if len(text) > MAX_CLAIMS_PARAMETER:
            raise ValueError("too long")
        asked = orjson.loads(text)
        if not isinstance(asked, dict):
            raise ValueError("not an object")
        userinfo, verified_userinfo = _member(asked, "userinfo")
        id_token, verified_id_token = _member(asked, "id_token")
        acr = id_token.get("acr") or {}
        sub = (id_token.get("sub") or userinfo.get("sub") or {}).get("value", "")
        if not isinstance(sub, str):
            raise ValueError("a subject that is not a text")
        return cls(
            userinfo=tuple(name for name in userinfo if name in CLAIMS),
            id_token=tuple(name for name in id_token if name in IN_ID_TOKEN),
            sub=sub,
            acr_essential=acr.get("essential") is True,
            acr_values=_values(acr),
            verified_userinfo=verified_userinfo,
            verified_id_token=verified_id_token,
        )


def _member(asked: dict[str, Any], name: str) -> tuple[dict[str, Any], asking.Request | None]:
    """The claims of one member, and apart from them its verified claims, which are nested."""
    found = asked.get(name) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not an object")
    verified = None
    if asking.WHOLE in found:
        verified = found.pop(asking.WHOLE)
        asking.check(verified)
    if any(not (value is None or isinstance(value, dict)) for value in found.values()):
        raise ValueError("a claim is neither null nor an object")
    return found, verified


def _values(acr: dict[str, Any]) -> tuple[str, ...]:
    values = acr.get("values", [acr["value"]] if "value" in acr else [])
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def of_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(claim for scope in scopes for claim in SCOPES.get(scope, ()))


def select(claims: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: claims[name] for name in names if name in claims}
