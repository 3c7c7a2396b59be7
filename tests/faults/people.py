"""The load: people and portals who go on whatever happens, each keeping what was promised.

Every visitor is a thread in a closed loop. An interrupted pass is given up and begun anew:
what it did not hear is doubtful, what it heard is a promise.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from joserfc import jws

from idp.store.grants import family_id
from tests import forms
from tests.actors import Citizen
from tests.faults.ledger import Ledger
from tests.faults.outside import Outside
from tests.faults.wire import Answer, Browser, Interrupted, Wire
from tests.oidc.actors import PASSWORD, Person, Portal

SMS_PATIENCE = 3.0
"""Seconds a person looks at the phone before trying again."""


@dataclass
class Promises:
    """What answers of the node have promised; checked when it has healed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    signed_in: dict[str, int] = field(default_factory=dict)
    """By person: acknowledged sign-ins."""
    signed_out: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, int] = field(default_factory=dict)
    """By person: sign-ins and sign-outs whose answer was not heard."""
    families: dict[str, str] = field(default_factory=dict)
    """Of acknowledged codes: the family, and whose it is."""
    redeemed: set[str] = field(default_factory=set)
    """Families whose tokens were received."""
    refreshed: dict[str, int] = field(default_factory=dict)
    """By family: refreshes that were acknowledged."""
    logouts: set[str] = field(default_factory=set)
    """``sid`` a portal must be told has ended."""
    opened: list[tuple[str, str]] = field(default_factory=list)
    """User names of accounts that were opened, and their numbers; not yet checked."""
    spent: list["Spent"] = field(default_factory=list)
    """What must never work again."""
    id_tokens: deque[str] = field(default_factory=lambda: deque(maxlen=500))
    """The latest, for whoever verifies them."""

    def count(self, which: dict[str, int], who: str) -> None:
        with self.lock:
            which[who] = which.get(who, 0) + 1

    def retire(self, *spent: "Spent") -> None:
        with self.lock:
            self.spent.extend(spent)


@dataclass
class Spent:
    """Something used up; ``again`` uses it again and says how that worked, "" when it did not."""

    what: str
    again: Callable[[], str]
    allowed: int = 0
    """How often it may still work: once, where nobody heard whether it had."""
    tried: int = 0
    worked: int = 0

    def try_again(self) -> bool:
        """Whether it is still as spent as it was. Raises Interrupted, or whatever else is wrong."""
        outcome = self.again()
        self.tried += 1
        self.worked += bool(outcome)
        return self.worked <= self.allowed


@dataclass(frozen=True)
class Place:
    """What a visitor needs of the world."""

    ports: list[int]
    ledger: Ledger
    promises: Promises
    outside: Outside
    secrets: dict[str, str]
    """By client id."""


class Visitor:
    """A person with a browser, a phone and the portals' own servers behind them."""

    kind = ""

    def __init__(self, place: Place, name: str, number: str):
        self.place, self.name, self.number = place, name, number
        self.wire = Wire(place.ports, place.ledger, self.kind)
        self.person = Person(self.wire, "", name)  # type: ignore[arg-type]
        self.portals = {
            client_id: Portal(self.wire, client_id, secret, f"https://{client_id}.test/callback")  # type: ignore[arg-type]
            for client_id, secret in place.secrets.items()
        }
        self.password = PASSWORD
        self.leaving: list[Spent] = []
        """Used up in this pass; tried again only afterwards, for that ends what grew from it."""

    def pass_once(self) -> None:
        """One round of what this kind of visitor does."""
        raise NotImplementedError

    # What they do, in words of the promises it makes.

    def signs_up(self) -> None:
        citizen = self.at_the_code()
        citizen.submits("login-submit", sms_code=self.code())
        assert citizen.at == "/signup/agreement", citizen.at
        citizen.submits("signup-submit", agree="yes", username=self.name, password=self.password)
        assert citizen.at == "/account/", citizen.at

    def signs_in_by_password(self) -> None:
        person = self.person.opens("/login/")
        form_at = person.page
        self._heard(lambda: person.signs_in(password=self.password), form_at)

    def signs_in_by_code(self) -> None:
        citizen = self.at_the_code()
        code, before = self.code(), self.person.browser.copy()
        page = citizen.page
        self._heard(lambda: citizen.submits("login-submit", sms_code=code), page)
        again = Spent("an SMS code", lambda: _enters(before.copy(), page, code))
        self.place.promises.retire(again)

    def at_the_code(self) -> Citizen:
        """A new browser, whose code has been asked for."""
        self.forgets()
        citizen = Citizen(self.wire, None)  # type: ignore[arg-type]
        citizen.browser = self.person.browser
        citizen.visits("/login/?m=sms")
        self.notes_texts()
        return citizen.submits("send-code", phone=self.number)

    def notes_texts(self) -> None:
        """What has come so far is not the code asked for next."""
        self.latest_text = max((t.id for t in self.place.outside.inbox.of(self.number)), default=0)

    def code(self) -> str:
        """The code of the message that comes next; raises Interrupted when none does."""
        deadline = time.monotonic() + SMS_PATIENCE
        while time.monotonic() < deadline:
            received = self.place.outside.inbox.of(self.number)
            if received and received[0].id > self.latest_text:
                return received[0].code
            time.sleep(0.02)
        raise Interrupted(0)

    def forgets(self) -> None:
        self.person.browser = self.wire.test_client()

    def arrives(self, client_id: str) -> str:
        """The code of a silent sign-in; raises SignedOut where there is no session."""
        portal = self.portals[client_id]
        self.person.opens(portal.url(prompt="none", scope=_SCOPE), follow=False)
        found = self.person.arrived
        if "code" not in found:
            raise SignedOut(found.get("error", ""))
        with self.place.promises.lock:
            self.place.promises.families[family_id(found["code"])] = self.name
        return str(found["code"])

    def redeems(self, client_id: str, code: str) -> dict[str, Any]:
        portal, promises = self.portals[client_id], self.place.promises
        try:
            answer = portal.redeems(code)
        except Interrupted:
            promises.retire(Spent("a doubtful code", lambda: _redeems(portal, code), allowed=1))
            raise
        assert answer.status_code == 200, (client_id, answer.text)
        with promises.lock:
            promises.redeemed.add(family_id(code))
            promises.id_tokens.append(answer.json["id_token"])
        self.leaving.append(Spent("a code", lambda: _redeems(portal, code)))
        return dict(answer.json)

    def refreshes(self, client_id: str, code: str, tokens: dict[str, Any]) -> None:
        """Twice: then the first token is two behind, and no lost answer excuses it."""
        portal, first = self.portals[client_id], tokens["refresh_token"]
        for _ in range(2):
            answer = portal.refreshes(tokens["refresh_token"])
            assert answer.status_code == 200, (client_id, answer.text)
            tokens = answer.json
            self.place.promises.count(self.place.promises.refreshed, family_id(code))
        self.leaving.append(Spent("a refresh token", lambda: _refreshes(portal, first)))

    def signs_out(self, hint: str, told: set[str]) -> None:
        before = self.person.browser.copy()
        portal = self.portals["gjj"]
        try:
            self.person.opens("/oauth/logout?" + urlencode({"id_token_hint": hint}))
            assert self.person.page.status_code == 200, self.person.page.text[:300]
        except Interrupted:
            self.place.promises.count(self.place.promises.doubtful, self.name)
            raise
        self.place.promises.count(self.place.promises.signed_out, self.name)
        with self.place.promises.lock:
            self.place.promises.logouts |= told
        url = portal.url(prompt="none")
        again = Spent("an ended session", lambda: _goes_on(before.copy(), url))
        self.place.promises.retire(again)

    def _heard(self, signs_in: Callable[[], object], page: Answer | None) -> None:
        promises = self.place.promises
        try:
            signs_in()
        except Interrupted:
            promises.count(promises.doubtful, self.name)
            raise
        if self.person.browser.get_cookie("hutong_sso") is None:
            promises.count(promises.doubtful, self.name)
            raise SignedOut("not signed in")
        promises.count(promises.signed_in, self.name)


class SignedOut(Exception):
    """There is no session; the text is the error the portal was told."""


_SCOPE = "openid phone offline_access"


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(jws.extract_compact(token.encode()).payload)
    return found


def _redeems(portal: Portal, code: str) -> str:
    answer = portal.redeems(code)
    return "tokens" if answer.status_code == 200 else ""


def _refreshes(portal: Portal, token: str) -> str:
    return "tokens" if portal.refreshes(token).status_code == 200 else ""


def _enters(browser: Browser, page: Answer | None, code: str) -> str:
    """The same form, from the same browser as it was, once more."""
    assert page is not None
    form = forms.with_button(page.text, "login-submit")
    target = form.action or page.url
    browser.post(target, data={**form.fields, "sms_code": code})
    return "a session" if browser.get_cookie("hutong_sso") else ""


def _goes_on(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    return "a code" if "code=" in answer.location else ""
