"""Sign in by scanning a picture with a phone that is signed in here already.

What the phone's session proved a moment ago counts in the new one: one factor, never more, since
whoever approves cannot see the screen's owner. Nothing is proved by a scan alone, so it is never a
second factor, and what guards an account asks for a proof before the screen itself.
"""

from typing import Any, Self

from idp import browsers, interactions, proofs, sessions
from idp.errors import N_
from idp.interactions import Interaction
from idp.login import trail
from idp.login.errors import ScanDenied, ScanOver, ScanWaiting
from idp.login.methods.base import Attempt, LoginMethod, Outcome, Proved
from idp.services import Services
from idp.settings import Settings
from idp.store import accounts, scans
from idp.store.accounts import Account
from idp.store.scans import Scan, State
from idp.web import people, qr
from idp.web.addresses import address_range

SAID = {
    State.WAITING: N_("等待扫码。"),
    State.SCANNED: N_("已扫描，请在手机上确认。"),
    State.CONFIRMED: N_("已确认，正在登录。"),
    State.DENIED: N_("已在手机上取消。"),
    State.USED: N_("二维码已失效。"),
}
OVER = SAID[State.USED]
"""What is said of a picture whose time is over."""
_SETTLED = (State.DENIED, State.USED)
_WAITING = (State.WAITING, State.SCANNED)
_NOTED = "scan"


class ScanByPhone(LoginMethod):
    name = "scan"
    label = N_("扫码登录")
    amr = ("scan",)
    joins = False

    def __init__(self, settings: Settings):
        self._settings = settings

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(services.settings)

    def offered_to(self, account: Account) -> bool:
        """Who is known here already is asked for a proof of their own."""
        return False

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        """The phone has proved itself; there is nothing to guess here."""
        return ()

    def begin(self, attempt: Attempt) -> Interaction:
        """A new picture; what was done with the one before counts no more."""
        return self._shown(attempt.interaction)[0]

    def page(self, interaction: Interaction) -> dict[str, Any]:
        """A first picture is drawn by itself; one that is over waits to be asked for."""
        token = interaction.result.get(_NOTED, "")
        found = scans.find(token) if token else self._shown(interaction)[1]
        if found is None or not _mine(found, interaction):
            return {"picture": None, "said": OVER, "token": ""}
        if found.state in _SETTLED:
            return {"picture": None, "said": SAID[found.state], "token": ""}
        picture = qr.path(f"{self._settings.issuer}/account/scan/{found.token}")
        waits = found.state in _WAITING
        return {"picture": picture, "said": SAID[found.state], "token": found.token, "waits": waits}

    def finish(self, attempt: Attempt) -> Outcome:
        """Raises ScanWaiting, ScanDenied or ScanOver."""
        found = scans.find(attempt.interaction.result.get(_NOTED, ""))
        if found is None or not _mine(found, attempt.interaction) or found.state is State.USED:
            raise ScanOver
        if found.state is State.DENIED:
            raise ScanDenied
        if found.state is not State.CONFIRMED:
            raise ScanWaiting
        account = accounts.by_id(found.account_id)
        if account is None or not scans.take(found, self._settings.login.scan):
            raise ScanOver
        if found.footing != proofs.footing(account) or not _still_there(found):
            trail.failed(account.id, self.name, ScanOver.code)
            raise ScanOver
        return Proved(account, (found.method, *self.amr))

    def _shown(self, interaction: Interaction) -> tuple[Interaction, Scan]:
        here = people.here()
        scan = Scan(
            interaction=interaction.id,
            browser=here.browser,
            terminal=browsers.terminal(),
            place=address_range(here.address),
            client_id=interaction.client.client_id if interaction.client else "",
        )
        begun = scans.begin(scan, self._settings.login.scan)
        return interactions.note(interaction, **{_NOTED: begun.token}), begun


def _mine(scan: Scan, interaction: Interaction) -> bool:
    return scan.interaction == interaction.id and scan.browser == browsers.current()


def _still_there(scan: Scan) -> bool:
    """Whoever signed out on the phone since has taken the approval along."""
    return any(each.id == scan.session for each in sessions.list_of(scan.account_id))
