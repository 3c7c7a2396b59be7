"""The kinds of trust marks a national federation of ours gives, and what each stands for."""

import re

from idp.assurance import Level

GATEWAY = "gateway"
"""May sign people in for other provinces, and send its own people to them."""
ID_NUMBER = "need-id-number"
"""May be told ID numbers, each time with the person's consent."""
AUTHORITY = "legal-person-authority"
"""May say who acts for organisations registered in its province."""
NAMES = (
    GATEWAY,
    *(f"ial/{level}" for level in range(1, 5)),
    *(f"aal/{level}" for level in range(1, 4)),
    ID_NUMBER,
    AUTHORITY,
)
REGION = "cn_region"
"""In ``federation_entity`` metadata: the GB/T 2260 code of the region an entity serves."""
TRANSMITTER = "ssf_transmitter"
"""There too: where an entity's event streams are, and what signs its events (SSF §7.1)."""
LOWEST = Level(1, 1)
_LEVEL = re.compile(r"(ial|aal)/([1-4])")


def of(anchor: str, name: str) -> str:
    """The trust mark type: a URI of the anchor's, as types are to be collision-resistant (§7)."""
    return f"{anchor}/tm/{name}"


def name(anchor: str, type_: str) -> str:
    """The name of a type of ``anchor``'s; "" for any other."""
    found = type_.removeprefix(f"{anchor}/tm/")
    return found if found in NAMES and found != type_ else ""


def level(named: str) -> tuple[str, int] | None:
    """The scale and the level that a mark stands for; None: it stands for something else."""
    found = _LEVEL.fullmatch(named)
    return (found[1], int(found[2])) if found else None
