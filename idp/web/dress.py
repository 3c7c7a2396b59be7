"""Pages of this node in the dress of a city whose portals send their people here (统分).

The address, the footer and the agreements stay this node's: whose page it is can be seen.
"""

import flask

from idp.interactions import Interaction
from idp.settings import Dress, Node, Settings

HINT = "dress"
"""Where an interaction remembers what its client is to be shown in."""


def wear(interaction: Interaction) -> None:
    """For the page of this request."""
    flask.g.dress = interaction.hints.get(HINT, "")


def name(settings: Settings) -> str:
    """Which one this page is shown in; "" for none."""
    worn: str = flask.g.get("dress", "") if flask.has_request_context() else ""
    return worn if worn in settings.dresses else ""


def node(settings: Settings, worn: str) -> Node:
    """The node as pages see it."""
    dress = settings.dresses.get(worn)
    return settings.node.model_copy(update=_changes(dress)) if dress else settings.node


def _changes(dress: Dress) -> dict[str, str]:
    return {key: value for key, value in dress.model_dump().items() if value}
