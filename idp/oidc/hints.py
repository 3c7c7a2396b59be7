"""``id_token_hint``: an ID token of ours, shown back to us to say whom a request is about.

It may have expired (Core §3.1.2.1), but must be signed by a key we still publish, be ours,
and be for the client that shows it.
"""

from typing import Any

import orjson
from joserfc import jws

from idp.keys import ALGORITHMS, GM
from idp.services import services

MAX_HINT = 8192


def read(hint: str, client_id: str = "") -> dict[str, Any]:
    """The claims of the hint. Raises JoseError or ValueError when it is not one."""
    if len(hint) > MAX_HINT:
        raise ValueError("too long")
    found = jws.deserialize_compact(
        hint, services.keys.public_keyset(_kid(hint)), algorithms=[*ALGORITHMS, *GM]
    )
    claims = orjson.loads(found.payload)
    if found.headers().get("typ") not in {None, "JWT"} or "auth_time" not in claims:
        raise ValueError("not an ID token")
    if claims.get("iss") != services.settings.issuer or not isinstance(claims.get("aud"), str):
        raise ValueError("not from here")
    if client_id and claims["aud"] != client_id:
        raise ValueError("not for this client")
    return claims


def _kid(hint: str) -> str | None:
    """The key it names, so that one another process has just made is looked for."""
    kid = jws.extract_compact(hint.encode()).headers().get("kid")
    return kid if isinstance(kid, str) else None
