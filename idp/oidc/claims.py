"""Claims: which scopes stand for which, and what a request may ask for (Core §5.4, §5.5)."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

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
    "offline_access": (),
}
"""The scopes on offer; discovery, consent and registration follow."""

CLAIMS = tuple(claim for claims in SCOPES.values() for claim in claims)
MAX_CLAIMS_PARAMETER = 8192


class ClaimsRequest(NamedTuple):
    """The ``claims`` parameter (Core §5.5), as far as it names claims we know."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    sub: str = ""
    """The one subject that may answer."""
    acr_essential: bool = False
    acr_values: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "ClaimsRequest":
        """Unknown claims are left out, as Core §5.5.1 wants; raises ValueError when malformed."""
        if len(text) > MAX_CLAIMS_PARAMETER:
            raise ValueError("too long")
        asked = orjson.loads(text)
        if not isinstance(asked, dict):
            raise ValueError("not an object")
        userinfo, id_token = _member(asked, "userinfo"), _member(asked, "id_token")
        acr = id_token.get("acr") or {}
        sub = (id_token.get("sub") or userinfo.get("sub") or {}).get("value", "")
        if not isinstance(sub, str):
            raise ValueError("a subject that is not a text")
        return cls(
            userinfo=tuple(name for name in userinfo if name in CLAIMS),
            id_token=tuple(name for name in id_token if name in CLAIMS),
            sub=sub,
            acr_essential=acr.get("essential") is True,
            acr_values=_values(acr),
        )


def _member(asked: dict[str, Any], name: str) -> dict[str, Any]:
    found = asked.get(name) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not an object")
    if any(not (value is None or isinstance(value, dict)) for value in found.values()):
        raise ValueError("a claim is neither null nor an object")
    return found


def _values(acr: dict[str, Any]) -> tuple[str, ...]:
    values = acr.get("values", [acr["value"]] if "value" in acr else [])
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def of_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(claim for scope in scopes for claim in SCOPES.get(scope, ()))


def select(claims: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: claims[name] for name in names if name in claims}
