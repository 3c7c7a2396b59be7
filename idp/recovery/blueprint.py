"""The blueprint of getting back in, and what its pages share."""

from typing import Any

import flask

from idp import agreements, codes
from idp.interactions import Interaction
from idp.realname import documents, names
from idp.realname.base import Statement
from idp.realname.errors import ConsentNeeded
from idp.web import i18n, people
from idp.web.people import Failed

bp = flask.Blueprint("recovery", __name__, url_prefix="/recover")
people.init_pages(bp)

FIELDS = ("id_type", "real_name", "id_number", "birthdate")


def person() -> Statement:
    """Who the form says they are, and agrees to have compared. Raises what is wrong with it."""
    name = names.read(people.text("real_name"))
    document = documents.read(people.text("id_type"), people.text("id_number"))
    document = documents.dated(document, people.text("birthdate"))
    if not people.text("agree"):
        raise ConsentNeeded
    return Statement(name, document)


def person_page(
    template: str, interaction: Interaction, failed: Failed, kinds: frozenset[str], **context: Any
) -> flask.Response:
    """A form that asks who somebody is, by a document of one of ``kinds``."""
    called = "name" if i18n.locale() == "zh-CN" else "name_en"
    listed = [
        {"value": kind, "label": documents.TABLE[kind][called]}
        for kind in documents.KINDS
        if kind in kinds
    ]
    submit_url, place = context.pop("submit_url"), context.pop("place")
    return people.page(
        template,
        interaction,
        failed,
        form=codes.number_form(interaction, place, failed, submit_url=submit_url),
        kinds=listed,
        agreement=agreements.realname(),
        **context,
    )
