"""For resource servers: is the person's level enough, and what to answer when it is not (RFC 9470).

Copy this file. It needs the answer of introspection (RFC 7662), or the claims of a JWT access
token: ``acr`` and ``auth_time``.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

_ACR = re.compile(r"ial([1-4])\.aal([1-3])")


def challenge(token: Mapping[str, Any], acr: str, max_age: int | None = None) -> str:
    """The ``WWW-Authenticate`` of a 401, "" when the person may go on.

    ``acr`` is the least level, such as ``"ial3.aal2"``; ``max_age`` the most seconds since the
    person last proved who they are. The portal sends both on to the authorization endpoint.
    """
    strong = _covers(str(token.get("acr", "")), acr)
    recent = max_age is None or time.time() - int(token.get("auth_time", 0)) <= max_age
    if strong and recent:
        return ""
    said = ['Bearer error="insufficient_user_authentication"']
    if strong:
        said.append('error_description="A more recent authentication is required"')
    else:
        said.append('error_description="A higher level of authentication is required"')
        said.append(f'acr_values="{acr}"')
    if max_age is not None:
        said.append(f'max_age="{max_age}"')
    return ", ".join(said)


def _covers(has: str, wants: str) -> bool:
    """Both scales must be met; a level nobody knows meets nothing."""
    had, wanted = _ACR.fullmatch(has), _ACR.fullmatch(wants)
    if wanted is None:
        raise ValueError(f"{wants!r} is not a level")
    return had is not None and had[1] >= wanted[1] and had[2] >= wanted[2]
