"""Fifty calls a second of one kind, whoever hangs: what makes the node call the outside."""

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlencode

import orjson
from joserfc import jwt

from idp.settings import ROOT
from tests import forms
from tests.faults.load import fresh_number
from tests.faults.outside import BACKCHANNEL, KEYS
from tests.faults.people import Visitor, claims_of
from tests.faults.rig import STATUTE, Rig
from tests.faults.wire import Interrupted, Wire

RATE = 50.0
PORTALS = 10
"""Told by each sign-out: five sign-outs a second are fifty calls."""
JWKS_CLIENTS = 5
AT_ONCE = 64
_REGISTER = """
import json, sys
import idp
from idp import settings, standing
app = idp.create_app(settings.load())
with app.app_context():
    said = {name: standing.create_client(name, given)
            for name, given in json.load(sys.stdin).items()}
print(json.dumps(said))
"""


def register(rig: Rig, clients: dict[str, dict[str, object]]) -> dict[str, str]:
    """Many portals at once; their secrets."""
    done = subprocess.run(
        [sys.executable, "-c", _REGISTER],
        cwd=ROOT, env=rig.node.environ, input=orjson.dumps(clients), capture_output=True,
        check=True,
    )  # fmt: skip
    said: dict[str, str] = orjson.loads(done.stdout.splitlines()[-1])
    return said


@contextmanager
def calling(call: Callable[[], None], rate: float = RATE) -> Iterator[None]:
    """Begin ``call`` so often a second, however long each takes."""
    over = threading.Event()

    def guarded() -> None:
        try:
            call()
        except Interrupted:
            return  # noted on the wire

    def pace() -> None:
        due = time.monotonic()
        while not over.is_set():
            pool.submit(guarded)
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        thread = threading.Thread(target=pace, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            pool.shutdown(cancel_futures=True)


def asks_for_codes(rig: Rig) -> Callable[[], None]:
    """Each call a code for another number."""
    browser = Wire(rig.place.ports, rig.ledger, "caller").test_client()
    page = browser.get("/login/?m=sms")
    while page.location:
        page = browser.get(page.location)
    form = forms.with_button(page.text, "send-code")

    def call() -> None:
        given = {**form.fields, "phone": fresh_number()}
        browser.copy().post(form.action or page.url, data=given)

    return call


def shows_assertions(rig: Rig) -> Callable[[], None]:
    """Each call an assertion under a key id nobody has seen, of one of several clients."""
    names = [f"keys-{secrets.token_hex(4)}" for _ in range(JWKS_CLIENTS)]
    register(
        rig,
        {
            name: {
                "name": name,
                "grant_types": ["client_credentials"],
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks_uri": f"{rig.outside.url}{KEYS}/{name}",
            }
            for name in names
        },
    )
    http = Wire(rig.place.ports, rig.ledger, "caller").test_client()

    def call() -> None:
        name, now = secrets.choice(names), int(time.time())
        claims = {
            **{"iss": name, "sub": name, "aud": rig.node.issuer, "jti": secrets.token_hex(8)},
            **{"iat": now, "exp": now + 60},
        }
        header = {"alg": "ES256", "kid": secrets.token_hex(4)}
        assertion = jwt.encode(header, claims, rig.outside.portal_key)
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        http.copy().post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": kind,
                "client_assertion": assertion,
            },
        )

    return call


class Leaver(Visitor):
    """Signs in, is known to many portals, and leaves them all at once."""

    kind = "leaver"

    def leaves(self) -> None:
        self.forgets()
        self.signs_in_by_password()
        for client_id in self.portals:
            self.arrives(client_id)
        first = next(iter(self.portals))
        hint = self.redeems(first, self.arrives(first))["id_token"]
        self.person.opens("/oauth/logout?" + urlencode({"id_token_hint": hint}))
        promises = self.place.promises
        promises.count(promises.signed_out, self.name)
        with promises.lock:
            promises.logouts.add(claims_of(hint)["sid"])


def signs_out(rig: Rig) -> Callable[[], None]:
    """Each call a sign-out that every portal must be told of."""
    names = [f"told-{secrets.token_hex(4)}" for _ in range(PORTALS)]
    said = register(
        rig,
        {
            name: {
                "name": name,
                "redirect_uris": [f"https://{name}.test/callback"],
                "scope": "openid phone offline_access",
                "grant_types": ["authorization_code", "refresh_token"],
                **{"legal_basis": "statutory", "statute": STATUTE, "claims": ["phone_number"]},
                "backchannel_logout_uri": f"{rig.outside.url}{BACKCHANNEL}/{name}",
            }
            for name in names
        },
    )
    name, number = f"leaver_{secrets.token_hex(4)}", fresh_number()
    place = type(rig.place)(**{**vars(rig.place), "secrets": said})
    first = Leaver(place, name, number)
    first.signs_up()
    place.promises.count(place.promises.signed_in, name)
    return lambda: Leaver(place, name, number).leaves()
