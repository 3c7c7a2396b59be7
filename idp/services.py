"""What the views need and tests replace: built once, in create_app, then frozen."""

from dataclasses import dataclass
from typing import cast

from idp.broker.service import Broker
from idp.carrier.service import Carrier
from idp.crypto.passwords import Passwords
from idp.crypto.sealing import Sealer
from idp.current import OfTheApp
from idp.keys import SigningKeys
from idp.organisations.service import Organisations
from idp.outbound import Outbound
from idp.realname.service import Realname
from idp.settings import Settings
from idp.sms import Sms
from idp.trust.linking import Linking
from idp.trust.service import Trust
from idp.upstream.service import Upstreams


@dataclass(frozen=True)
class Services:
    settings: Settings
    sealer: Sealer
    passwords: Passwords
    keys: SigningKeys
    outbound: Outbound
    sms: Sms
    carrier: Carrier
    realname: Realname
    organisations: Organisations
    upstream: Upstreams
    trust: Trust
    broker: Broker
    linking: Linking


services = cast(Services, OfTheApp("idp"))
