"""How many accounts a browser and an address range signed in to: known before anybody proves
anything, and the only risk that asks for a CAPTCHA.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from idp import settings
from idp.current import OfTheApp
from idp.places.table import INTRANET, Regions
from idp.risk.rules import Facts, Table, decide
from idp.sms.places import place_of
from idp.store.throttles import Members
from idp.web.addresses import address_range

table = cast(Table, OfTheApp("risk"))
_regions = cast(Regions, OfTheApp("regions"))


@dataclass(frozen=True, slots=True)
class Around:
    """Whom somebody who asks is counted with: nobody, in a hall or on an inner network, where one
    browser or one address is everybody's.
    """

    groups: tuple[Members, ...]

    def facts(self, used: Sequence[int]) -> Facts:
        """``used`` is what ``groups`` have counted."""
        return Facts(browser_accounts=used[0], range_accounts=used[1]) if self.groups else Facts()


def of(browser: str, address: str) -> Around:
    if place_of(address, settings.current.sms.halls)[1] or _regions.of(address) == INTRANET:
        return Around(())
    window = settings.current.risk.window
    return Around(
        (
            Members.of(browser, "accounts", window),
            Members.of(address_range(address), "accounts", window),
        )
    )


def reasons(around: Around, used: Sequence[int]) -> tuple[str, ...]:
    """The rules that ask for a CAPTCHA before the proof."""
    return decide(around.facts(used), table.early).reasons
