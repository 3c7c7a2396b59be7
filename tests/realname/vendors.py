"""What a person states, and what they do at a vendor's page."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
from werkzeug.test import Client

from idp.realname.base import Answer, Begun, Statement
from idp.realname.documents import RESIDENT, read
from idp.realname.verifiers import VERIFIERS

CHECKS = [name for name, made in VERIFIERS.items() if not hasattr(made, "begin")]
FACES = [name for name, made in VERIFIERS.items() if made.method == "face"]
JOURNEYS = [name for name in VERIFIERS if name not in CHECKS]
SHOWN = [name for name in JOURNEYS if name not in FACES]
"""Those that state nothing: something is shown, and the service says whose it is."""
NUMBER = "11000019900307001X"
OTHER = "110000199003070028"
BACK = "https://id.jia.test/realname/back?i=1"
PHONE = "+8613800000001"
CARD = "6222021000000000009"


def states(name: str = "张三", number: str = NUMBER, **more: str) -> Statement:
    return Statement(name, read(RESIDENT, number), **{"phone": PHONE, "bank_card": CARD, **more})


def asked(made: Any) -> Answer:
    """What comes of the first question to a service."""
    if hasattr(made, "check"):
        return made.check(states())
    return made.begin(states(), "ref1", BACK)


def begun(made: Any, name: str = "张三") -> Begun:
    answer = made.begin(states(name), "ref1", BACK)
    assert isinstance(answer, Begun)
    return answer


def looks(registers: flask.Flask, url: str, outcome: str, number: str = NUMBER) -> Any:
    """What the person does at the vendor: the page is opened, then a button pressed."""
    browser = Client(registers)
    page = browser.get("/" + url.split("localhost", 1)[1].split("/", 1)[1], follow_redirects=True)
    assert page.status_code == 200
    chosen = {"outcome": outcome, "number": number}
    return browser.post(page.request.full_path, data=chosen)


def brought(back: Any) -> dict[str, str]:
    """What stands in the address the browser comes back by."""
    return dict(parse_qsl(urlsplit(back.location).query))
