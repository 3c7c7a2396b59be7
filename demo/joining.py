"""``python -m demo.joining <federation.json>`` brings the nodes of the demo together.

As officers of each would: admitted by two of them, marked, with people and portals of their own,
and listening to each other from the first minute.

Run as often as one likes: who is admitted already stays so.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from demo import federation, seed
from demo.federation import HUB, NodePart
from idp import create_app, settings
from idp.hearing import subscribing
from idp.keys import FEDERATION
from idp.services import services
from idp.staff import Act
from idp.store import subordinates
from idp.store import trust_marks as marks_given
from idp.trust import admission, directory, upkeep

_FIRST, _SECOND = Act("D-1001", "演示接入"), Act("D-1002", "演示核准")
_UNTIL_SHOWN = 2.5
"""Seconds until the running nodes have heard of the marks they were given."""
_PARTS = {part.slug: part for part in federation.NODES}


def main() -> None:
    nodes = json.loads(Path(sys.argv[1]).read_text("utf-8"))["nodes"]
    apps = {node["slug"]: _app(node["settings"]) for node in nodes}
    thumbprints = {}
    for node in nodes:
        with apps[node["slug"]].app_context():
            thumbprints[node["slug"]] = str(services.keys.signer(FEDERATION).kid)
    for node in nodes:
        with apps[node["slug"]].app_context():
            for part in federation.below(node["slug"]):
                url = next(each["url"] for each in nodes if each["slug"] == part.slug)
                _admit(part, url, thumbprints[part.slug])
            services.trust.forget()
    for node in nodes:
        with apps[node["slug"]].app_context():
            _take_marks()
            seed.sow(Path(node["settings"]).with_name("seed.json"))
    time.sleep(_UNTIL_SHOWN)
    for node in nodes:
        with apps[node["slug"]].app_context():
            directory.refresh(services.trust, services.outbound)
            subscribing.look_after(at_once=True)


def _app(file: str) -> Any:
    os.environ["HUTONG_CONFIG"] = file
    configured = settings.load()
    if configured.environment != "demo":
        raise SystemExit("a demo's federation is joined in a demo: set environment to demo")
    return create_app(configured)


def _admit(part: NodePart, url: str, thumbprint: str) -> None:
    known = subordinates.get(url)
    if known is None or known.status == subordinates.WITHDRAWN:
        found = admission.configuration(services.trust, services.outbound, url, thumbprint)
        admission.propose(services.trust, found, _FIRST, federation.limits(part), {})
        admission.approve(url, _SECOND)
    if part.superior == HUB:
        for name in federation.MARKS:
            if not marks_given.of(services.trust.given.type_of(name), url):
                services.trust.given.give(name, url, _FIRST, None, {})


def _take_marks() -> None:
    """What the worker would do within a minute."""
    services.trust.forget()
    upkeep.refresh_marks(services.trust, services.outbound, services.settings.federation)


if __name__ == "__main__":
    main()
