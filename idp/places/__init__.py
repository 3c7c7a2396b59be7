"""Which region an address is in, by a table on this machine; nobody outside is asked.

``table`` finds, ``importing`` makes a table from what others publish. Without a table every
region is unknown, which says nothing for or against anybody.
"""

from typing import cast

import flask

from idp.current import OfTheApp
from idp.places.table import INTRANET, Regions

__all__ = ["INTRANET", "Regions", "here", "province"]

_regions = cast(Regions, OfTheApp("regions"))
_COUNTRY = "中国"


def here() -> str | None:
    """The region of who asks now, such as ``广东 深圳``; "" where the table does not know it,
    None where there is no table.
    """
    found = _regions.of(flask.request.remote_addr or "")
    return found if found or _regions.table() else None


def province(region: str | None) -> str:
    """What regions are compared by, a mobile address often saying no more; "" where nothing can
    be: an inner network is anywhere, and so is the country.
    """
    first = (region or "").partition(" ")[0]
    return "" if first in {INTRANET, _COUNTRY} else first
