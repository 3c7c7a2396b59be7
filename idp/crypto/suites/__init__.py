"""The sets of algorithms a node may write with; a value names the one it was written with."""

from idp.crypto.suites.base import Suite
from idp.crypto.suites.intl import Intl

SUITES: dict[str, type[Suite]] = {
    "intl": Intl,
}
