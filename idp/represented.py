"""What a session that acts for an organisation says of it, and of the mandate."""

from collections.abc import Mapping
from typing import Any

from idp.sessions import Acting
from idp.store import organisations as store
from idp.store.organisations import LEGAL

ORGANISATION, MANDATE = "organisation", "mandate"
CLAIMS = frozenset({ORGANISATION, MANDATE})
KINDS = {True: "legal", False: "agent"}


def whom(told: Mapping[str, Any]) -> str:
    """For whom somebody acts by what an ID token says: the mandate's id, where it is silent on that
    the organisation's code; "" for themselves.
    """
    if MANDATE in told:
        return str(told[MANDATE]["id"])
    return str(told[ORGANISATION]["uscc"]) if ORGANISATION in told else ""


def code(acting: Acting) -> str:
    """The unified social credit code of the organisation; "" once the mandate is gone."""
    mandate = store.mandate(acting.mandate)
    return mandate.organisation.code if mandate is not None else ""


def of(acting: Acting) -> dict[str, Any]:
    """By claim; nothing once the mandate is not in force.

    ``organisation``: ``name``, ``uscc`` (unified social credit code) and ``kind``, one of
    ``[kinds]`` in config/organisations.toml. ``mandate``: ``id``, ``kind`` (``legal`` or
    ``agent``), ``functions``, and ``exp`` in seconds where it ends by itself.
    """
    mandate = store.mandate(acting.mandate)
    if mandate is None or not mandate.in_force:
        return {}
    organisation = mandate.organisation
    said: dict[str, Any] = {
        "id": mandate.id,
        "kind": KINDS[mandate.kind == LEGAL],
        "functions": mandate.functions,
    }
    if mandate.ends_at is not None:
        said["exp"] = int(mandate.ends_at.timestamp())
    return {
        ORGANISATION: {
            "name": organisation.name,
            "uscc": organisation.code,
            "kind": organisation.kind,
        },
        MANDATE: said,
    }
