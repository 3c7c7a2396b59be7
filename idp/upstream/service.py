"""The upstreams an operator has configured."""

from idp.outbound import Outbound
from idp.settings import Settings
from idp.upstream import UPSTREAMS
from idp.upstream.base import Upstream
from idp.upstream.wechat_mini import MiniProgram


class Upstreams:
    """Built once. ``offered`` keeps the order of the registry."""

    def __init__(self, settings: Settings, outbound: Outbound):
        made = (kind.from_settings(settings, outbound) for kind in UPSTREAMS.values())
        self.offered: dict[str, Upstream] = {each.name: each for each in made if each}
        self.mini_program = MiniProgram.from_settings(settings, outbound)
        """None where there is none."""
