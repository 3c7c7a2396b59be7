"""Reading an access token: whether it is good, for whom, to whom — the one gate for tokens.

Positive: the token's record, its family and its client must all be there. A stopped
account, an ended session or a withdrawn consent leaves no family behind; a mandate that ends by
itself is over to the second, whatever the worker does.
"""

import time
from dataclasses import dataclass
from typing import Any

from idp import sessions
from idp.oidc import tokens
from idp.oidc.adapters import EPOCH, find_client
from idp.store import tokens as store

MAX_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class Access:
    value: dict[str, Any]
    family: store.Family | None
    """None for a token that speaks of no person."""

    @property
    def client_id(self) -> str:
        return self.value["client_id"]

    @property
    def scope(self) -> str:
        return self.value["scope"]


def read(token: str) -> Access | None:
    """The token as it stands now; None when it may not be used. One round trip."""
    place = tokens.locate(token) if len(token) <= MAX_TOKEN else None
    if place is None:
        return None
    value, family, epoch = store.read_access(token, place)
    EPOCH.set(epoch)
    if value is None or value["exp"] <= time.time():
        return None
    if value["person"] and (family is None or family.core["client_id"] != value["client_id"]):
        return None
    if find_client(value["client_id"]) is None:
        return None
    if family is not None and sessions.is_over(family.core):
        return None
    return Access(value, family if value["person"] else None)
