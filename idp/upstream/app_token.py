"""The app's own access token, one for all workers.

Asked for by ``/cgi-bin/stable_token``, kept sealed in Redis, renewed before it ends by whoever
comes first while the others go on with the one there is.
"""

import time
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from idp.store import ephemeral
from idp.upstream.errors import UpstreamBusy
from idp.upstream.wechat_api import Refused, WechatApi

PATH = "/cgi-bin/stable_token"
KIND, RENEWING = "wechat-app-token", "wechat-app-token-renewing"
EARLY = timedelta(minutes=5)
"""WeChat gives a new one in the last five minutes, in which both are good."""
ALONE = timedelta(seconds=10)
"""How long one worker may take to renew it."""
PATIENCE, PAUSE = 3.0, 0.05


class AppToken:
    def __init__(self, api: WechatApi, secret: SecretStr):
        self._api, self._secret = api, secret

    def get(self) -> str:
        """Raises UpstreamBusy and UpstreamMisconfigured."""
        held = self._held()
        if held and time.time() < held["renew_at"]:
            return str(held["token"])
        if self._is_mine_to_renew():
            return self._renew()
        return str(held["token"]) if held else self._of_the_other()

    def instead_of(self, stale: str) -> str:
        """Another one, WeChat having refused ``stale``."""
        held = self._held()
        if held and held["token"] != stale:
            return str(held["token"])
        if self._is_mine_to_renew():
            return self._renew(stale)
        return self._of_the_other(stale)

    def _renew(self, stale: str = "") -> str:
        try:
            found = self._fetched(force=False)
            if found["access_token"] == stale:
                found = self._fetched(force=True)
            token, lives = str(found["access_token"]), timedelta(seconds=int(found["expires_in"]))
            value = {"token": token, "renew_at": time.time() + (lives - EARLY).total_seconds()}
            ephemeral.put_sealed(KIND, self._api.app_id, value, lives)
        except Refused as refused:
            raise self._api.meaning(PATH, refused) from None
        except (KeyError, TypeError, ValueError):
            raise UpstreamBusy from None
        finally:
            ephemeral.forget(RENEWING, self._api.app_id)
        return token

    def _fetched(self, *, force: bool) -> dict[str, Any]:
        """Forcing makes the old one worthless, and may be done twenty times a day."""
        asked = {
            "grant_type": "client_credential",
            "appid": self._api.app_id,
            "secret": self._secret.get_secret_value(),
            "force_refresh": force,
        }
        return self._api.post(PATH, {}, asked)

    def _of_the_other(self, stale: str = "") -> str:
        """What the worker that renews it is given."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            time.sleep(PAUSE)
            held = self._held()
            if held and held["token"] != stale:
                return str(held["token"])
        raise UpstreamBusy

    def _is_mine_to_renew(self) -> bool:
        return ephemeral.first_time(RENEWING, self._api.app_id, ALONE)

    def _held(self) -> dict[str, Any] | None:
        return ephemeral.peek_sealed(KIND, self._api.app_id)
