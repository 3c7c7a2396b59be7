"""An authorization request without what the person would not hand over this time; pure.

What goes back to the protocol is a request that never asked for it, so nothing that follows from
it, be it a code, a token or a refreshed one, can tell it.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

_VERIFIED = "verified_claims"


def without(request: Mapping[str, str], withheld: Collection[str]) -> dict[str, str]:
    """``request`` without the claims ``withheld``, however it asks for them: by a scope that has a
    claim's name, or by the ``claims`` parameter (Core §5.5), which was found well-formed before.
    """
    scopes = [scope for scope in request.get("scope", "").split() if scope not in withheld]
    left = {**request, "scope": " ".join(scopes)}
    if "claims" in request:
        asked: dict[str, Any] = orjson.loads(request["claims"])
        kept = {member: _member(found, withheld) for member, found in asked.items()}
        left["claims"] = orjson.dumps(kept).decode()
    return left


def _member(found: Any, withheld: Collection[str]) -> Any:
    """Of ``userinfo`` or ``id_token``."""
    if not isinstance(found, dict):
        return found
    left = {name: asked for name, asked in found.items() if name not in withheld}
    if _VERIFIED in left:
        left[_VERIFIED] = _verified(left[_VERIFIED], withheld)
        if not left[_VERIFIED]:
            del left[_VERIFIED]
    return left


def _verified(asked: Any, withheld: Collection[str]) -> Any:
    """One request for verified claims or several (OpenID Connect for Identity Assurance §6);
    nothing where none of their claims is left.
    """
    if isinstance(asked, list):
        return [left for each in asked if (left := _verified(each, withheld))]
    claims = {name: how for name, how in (asked["claims"] or {}).items() if name not in withheld}
    return {**asked, "claims": claims} if claims else None
