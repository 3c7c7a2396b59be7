"""A town on spare ports, a Chromium, and people to put before it."""

import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.sync_api import Browser, sync_playwright

from demo.cast import PORTALS
from demo.plan import NODE, SANDBOX, Place, Plan
from demo.town import Town
from tests.browser import foreign, registrations
from tests.browser.live import Live
from tests.browser.person import Person
from tests.browser.ports import spare
from tests.browser.tls_front import TlsFront

CHROMIUM = "/usr/bin/chromium"
HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1,MAP *.localhost 127.0.0.1,"
    "MAP localhost 127.0.0.1,MAP 127.0.0.1 127.0.0.1,MAP * ~NOTFOUND",
]
# The wire's own limit of one message a minute would make every test wait.
# All people of a run share one address; a safety check after thirty codes from it is not
# what most stories are about. Nor does a story last for days.
UNHURRIED: dict[str, Any] = {
    "sms": {"number_minute": 60, "number_hour": 600, "number_day": 6000, "device_day": 6000},
    "login": {"code_requests": 1000},
    "recovery": {"wait": 1, "wait_named": 1},
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def live_node() -> Iterator[Live]:
    """The demo's own composition on spare ports, with a few relying parties more."""
    names = [NODE, *(portal.slug for portal in PORTALS), SANDBOX, "example", "spa"]
    hosts = ["localhost", *(f"{name}.localhost" for name in names[1:])]
    *town, example, spa = map(Place.local, hosts, spare(len(names)))
    with _folder() as folder:
        plan = Plan(
            folder,
            dict(zip(names, town, strict=False)),
            more_clients=(
                *(registrations.BASIC, registrations.POST, registrations.KEYS),
                registrations.COMPANIES,
                registrations.portal(example.url),
                registrations.page(spa.url),
            ),
            settings=UNHURRIED,
        )
        with Town(plan), foreign.running(plan, example, spa):
            yield Live(plan, more={"example": example.url, "spa": spa.url})


@pytest.fixture(scope="session")
def tls_node() -> Iterator[Live]:
    """The same over TLS, every party on a host name unrelated to the others'."""
    hosts = {NODE: "id.jia.test", "shebao": "shebao.test", "gjj": "gjj.yun.test"}
    with _folder() as folder:
        authority = trustme.CA()
        bundle = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*hosts.values()).configure_cert(context)
        public, plain = spare(len(hosts)), spare(len(hosts) + 1)
        places = {
            name: Place(f"https://{host}:{port}", inside)
            for (name, host), port, inside in zip(hosts.items(), public, plain, strict=False)
        }
        places[SANDBOX] = Place.local("sandbox.localhost", plain[-1])
        development = {
            "allow_loopback": True,
            "sandbox_url": places[SANDBOX].url,
            "ca_bundle": str(bundle),
        }
        plan = Plan(
            folder,
            places,
            portals=tuple(portal for portal in PORTALS if portal.slug in places),
            settings=UNHURRIED | {"development": development},
            environment={
                "PYTHONPATH": str(HERE / "names"),
                "REQUESTS_CA_BUNDLE": str(bundle),
            },
        )
        routes = dict(zip(public, plain, strict=False))
        with TlsFront(context, routes), Town(plan):
            yield Live(plan, certificate=bundle)


@pytest.fixture
def person(browser: Browser, live_node: Live) -> Iterator[Callable[..., Person]]:
    """``person()`` opens a browser of its own; ``person(script=False)`` one without JavaScript."""
    opened = []

    def open_(
        live: Live | None = None,
        *,
        script: bool = True,
        width: int = 1280,
        locale: str = "zh-CN",
        agent: str | None = None,
    ) -> Person:
        town = live or live_node
        context = browser.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 800},
            locale=locale,
            user_agent=agent,
            # A colour halfway through a transition is nobody's contrast.
            reduced_motion="reduce",
            ignore_https_errors=town.certificate is not None,
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        return Person(context.new_page(), town, script)

    yield open_
    for context in opened:
        context.close()


@contextmanager
def _folder() -> Iterator[Path]:
    """A short path: a Unix socket's may not be long."""
    path = Path(tempfile.mkdtemp(prefix="ht-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
