"""The sets of algorithms a node may write with; each master key belongs to one of them."""

from idp.crypto.suites.base import Suite
from idp.crypto.suites.gm import Gm
from idp.crypto.suites.intl import Intl

SUITES: dict[str, type[Suite]] = {
    "intl": Intl,
    "gm": Gm,
}
