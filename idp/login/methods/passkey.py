"""Sign in by a passkey (WebAuthn Level 3): without a name, or as the proof that is missing.

One that has verified its user is two factors of different kinds by itself.
"""

from typing import Any, Self

from idp import passkeys
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.login import bound, trail
from idp.login.errors import NoPasskeyShown, PersonMismatch
from idp.login.methods.base import Attempt, LoginMethod, Outcome, Proved
from idp.passkeys import PasskeyAskedTooLongAgo, PasskeyUnknown, Site
from idp.services import Services
from idp.store import accounts
from idp.store import passkeys as store
from idp.store.accounts import Account
from idp.store.engines import db


class Passkey(LoginMethod):
    name = "passkey"
    label = N_("通行密钥")
    amr = ("swk", "mfa")

    def __init__(self, site: Site):
        self._site = site

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(Site.of(services.settings))

    @property
    def works(self) -> bool:
        return bool(self._site.rp_id)

    def amr_for(self, account: Account) -> tuple[str, ...]:
        hardware = any(each.hardware for each in store.usable(account.id))
        return ("hwk", "mfa") if hardware else self.amr

    def offered_to(self, account: Account) -> bool:
        return bool(store.usable(account.id))

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        """There is nothing to guess."""
        return ()

    def begin(self, attempt: Attempt) -> Interaction:
        """What is asked is fetched by the script that passes it on to the authenticator."""
        return attempt.interaction

    def options(self, interaction: Interaction) -> str:
        """What to ask the authenticator, as JSON: any passkey, or one of whose proof is wanted."""
        account = bound.account_of(interaction)
        only = store.usable(account.id) if account else ()
        return passkeys.ask(self._site, interaction.id, only)

    def page(self, interaction: Interaction) -> dict[str, Any]:
        options_url = interaction.url("/login/passkey/options")
        return {"options_url": options_url, "rp_id": self._site.rp_id}

    def finish(self, attempt: Attempt) -> Outcome:
        answer = attempt.form.get("credential", "")
        if not answer:
            raise NoPasskeyShown
        named = bound.account_of(attempt.interaction)
        try:
            shown = passkeys.show(
                self._site, attempt.interaction.id, answer, named=named is not None
            )
        except IdpError as error:
            trail.failed("", self.name, error.code)
            raise
        account = accounts.by_id(shown.passkey.account_id)
        if account is None:
            raise PasskeyUnknown(credential_id=shown.passkey.credential_id)
        if named is not None and named.id != account.id:
            trail.failed(account.id, self.name, PersonMismatch.code)
            raise PersonMismatch
        if not store.used(shown.passkey, shown.sign_count, backed_up=shown.backed_up):
            db.session.rollback()
            raise PasskeyAskedTooLongAgo
        db.session.commit()  # the counter stays where it is, whatever becomes of the sign-in
        return Proved(account, passkeys.amr_of(shown.passkey))
