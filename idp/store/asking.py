"""Questions to Redis whose answers are taken as they come: one round trip, and no more.

The client's own methods look up, convert and measure around every command; on the hot path
that costs as much as the round trip itself.
"""

from typing import Any, cast

from idp.current import OfTheApp
from idp.store.servers import Command, Server

_server = cast(Server, OfTheApp("redis"))


def ask(*commands: Command) -> list[Any]:
    """The replies (RESP3) to ``commands``, which all concern one cluster slot.

    Raises what the client raises: ConnectionError, TimeoutError, or the first ResponseError.
    """
    return _server.ask(*commands)
