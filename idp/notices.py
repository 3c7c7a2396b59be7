"""Telling a person by text message what happened to their account: a row beside its cause."""

import secrets
from datetime import timedelta

from idp.store import links, outbox
from idp.store.accounts import Account
from idp.store.ephemeral import digest
from idp.store.types import sealer

KIND = "notice"
LINK_LIFETIME = timedelta(days=7)
"""How long the link of a notice freezes the account it is about."""
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
_LENGTH = 12
"""Near 69 bits, in a text of 70 characters at most; each opens one page, for a week."""


def add(number: str, template: str) -> None:
    """Promise the notice ``template`` to ``number`` (E.164), in the caller's transaction.

    The number is sealed: an outbox row holds no personal data in clear.
    """
    _promise(number, template)


def warn(account: Account, template: str, number: str | None = None) -> None:
    """Promise a notice of what its holder alone should have done, in the caller's transaction.

    It goes to the account's number, or to ``number``, with a link for who says: it was not me.
    Nothing where there is no number.
    """
    number = number or account.phone
    if not number:
        return
    token = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    links.add(digest(token), account.id, template, LINK_LIFETIME)
    _promise(number, template, token=str(sealer().seal(KIND, token)))


def _promise(number: str, template: str, **more: str) -> None:
    payload = {"number": str(sealer().seal("phone", number)), "template": template, **more}
    outbox.add(KIND, payload)


def number_of(payload: dict[str, str]) -> str:
    return sealer().open("phone", payload["number"])


def params_of(payload: dict[str, str]) -> dict[str, str]:
    """The variables of the notice's text: ``token``, where it has a link."""
    sealed = payload.get("token")
    return {"token": sealer().open(KIND, sealed)} if sealed else {}
