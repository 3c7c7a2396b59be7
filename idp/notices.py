"""Telling a person by text message what happened to their account: a row beside its cause."""

from idp.store import outbox
from idp.store.types import sealer

KIND = "notice"


def add(number: str, template: str) -> None:
    """Promise the notice ``template`` to ``number`` (E.164), in the caller's transaction.

    The number is sealed: an outbox row holds no personal data in clear.
    """
    outbox.add(KIND, {"number": str(sealer().seal("phone", number)), "template": template})


def number_of(payload: dict[str, str]) -> str:
    return sealer().open("phone", payload["number"])
