"""A document that another account has: stronger evidence, merging the two, an appeal, the hall."""

from datetime import datetime

import flask
import orjson

from idp import levels
from idp.identities import Confirmed
from idp.interactions import Interaction
from idp.realname.blueprint import CONTESTED, bp, entered, page
from idp.services import services
from idp.store import accounts
from idp.store.identities import Person, Proof
from idp.web import people


@bp.get("/conflict")
def conflict() -> flask.Response:
    """What can be done, and nothing of the other account."""
    interaction = entered()
    holder, confirmed = contested(interaction)
    face = _face(confirmed)
    return page(
        "realname/conflict.html",
        interaction,
        face_url=f"{interaction.url('/realname/form')}&m={face}" if face else "",
        faced=_held_at(holder) >= levels.FACE,
        switch_url=interaction.url("/login/switch"),
        merge_url=interaction.url("/realname/merge") if two_faces(holder, confirmed) else "",
        join_url=interaction.url("/realname/join"),
        appeal_url=interaction.url("/realname/appeal"),
    )


def contested(interaction: Interaction) -> tuple[str, Confirmed]:
    """The other account, and what was confirmed here; back to the start where there is nothing."""
    sealed = interaction.result.get(CONTESTED)
    if not sealed:
        flask.abort(people.go(interaction.url("/realname/")))
    holder, kept = orjson.loads(services.sealer.open(CONTESTED, sealed, interaction.id))
    until = kept["proof"]["lasts_until"]
    term = datetime.fromisoformat(until) if until else None
    proof = Proof(**{**kept["proof"], "lasts_until": term})
    return holder, Confirmed(Person(**kept["person"]), proof)


def _face(confirmed: Confirmed) -> str:
    """The way to show a face for the document, of who has not; "" where none knows its kind.

    It takes the document from who has shown less, and from who has shown as much makes one
    account of two.
    """
    if confirmed.proof.ial >= levels.FACE:
        return ""
    ways = services.realname.ways(levels.FACE)
    able = (way.method for way in ways if way.stated and confirmed.person.kind in way.documents)
    return next(able, "")


def two_faces(holder: str, confirmed: Confirmed) -> bool:
    """A face here and a face there, for one document: that is one person."""
    return min(confirmed.proof.ial, _held_at(holder)) >= levels.FACE


def _held_at(holder: str) -> int:
    account = accounts.by_id(holder)
    return levels.of(account) if account else 1
