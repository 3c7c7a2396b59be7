"""Proving a real name: which way to go, and going back as one is."""

from types import SimpleNamespace

import flask

from idp import interactions, levels
from idp.realname import appeal, conflict, hall, merging, proving
from idp.realname.blueprint import bp, entered, page, raised
from idp.realname.proving import REASON, asked, offered, target, way_url
from idp.realname.words import WAYS
from idp.web import people
from idp.web.signed_in import me

__all__ = ["appeal", "bp", "conflict", "hall", "merging", "proving"]


@bp.get("/")
def ways() -> flask.Response:
    """The ways that reach what is asked for; a single one is gone at once."""
    if "i" not in flask.request.args:
        opened = interactions.open_("/account/", reason=REASON, account_id=me().id)
        return people.go(opened.url("/realname/"))
    interaction = entered()
    least = asked(interaction)
    if least and levels.of(me()) >= least:
        return raised(interaction)  # proved meanwhile, in another tab or on another device
    found = offered(interaction)
    if not found:
        return people.go(interaction.url("/realname/hall"))
    if len(found) == 1:
        return people.go(way_url(interaction, "/realname/form", found[0]))
    listed = [
        SimpleNamespace(
            method=way.method,
            label=WAYS[way.method][0],
            more=WAYS[way.method][1],
            url=way_url(interaction, "/realname/form", way),
        )
        for way in found
    ]
    return page("realname/ways.html", interaction, ways=listed, target=target(interaction))


@bp.post("/decline")
def decline() -> flask.Response:
    """Go back as one is; the portal hears the true level."""
    interaction = interactions.note(entered(), declined=True)
    return people.go(interaction.return_to)
