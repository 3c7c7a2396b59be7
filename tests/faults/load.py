"""Who comes: the kinds of visitors, a thief, and the threads they run in."""

import secrets
import threading
import time
import traceback
from collections.abc import Sequence

from tests.faults.ledger import ODD, Ledger, Note
from tests.faults.people import Place, Promises, SignedOut, Visitor, claims_of
from tests.faults.wire import Interrupted
from tests.oidc.actors import PASSWORD

PAUSE = 0.03
AFTER_TROUBLE = 0.1
REST = 40.0
CHOICES = 12


class Sso(Visitor):
    """Signed in once; goes from portal to portal, and refreshes at every fourth."""

    kind = "sso"
    passes = 0

    def pass_once(self) -> None:
        if self.person.browser.get_cookie("hutong_sso") is None:
            self.signs_in_by_password()
        code = self.arrives("gjj")
        tokens = self.redeems("gjj", code)
        answer = self.portals["gjj"].userinfo(tokens["access_token"])
        assert answer.status_code == 200, answer.text
        self.passes += 1
        if self.passes % 4 == 0:
            self.refreshes("gjj", code, tokens)


class ByPassword(Visitor):
    """Signs in by password, visits two portals and signs out: both must be told."""

    kind = "password"

    def pass_once(self) -> None:
        self.forgets()
        self.signs_in_by_password()
        hints = [self.redeems(c, self.arrives(c))["id_token"] for c in ("gjj", "shebao")]
        self.signs_out(hints[0], {claims_of(hint)["sid"] for hint in hints})


class BySms(Visitor):
    """Signs in by a code, visits a portal and signs out."""

    kind = "sms"

    def pass_once(self) -> None:
        self.signs_in_by_code()
        hint = self.redeems("gjj", self.arrives("gjj"))["id_token"]
        self.signs_out(hint, {claims_of(hint)["sid"]})


class Newcomer(Visitor):
    """Opens one account after another."""

    kind = "opening"

    def pass_once(self) -> None:
        self.number, self.name = fresh_number(), f"new_{secrets.token_hex(6)}"
        self.signs_up()
        with self.place.promises.lock:
            self.place.promises.opened.append((self.name, self.number))


class Changer(Visitor):
    """Changes password, number and consent; what was acknowledged must be so from then on."""

    kind = "changes"

    def __init__(self, place: Place, name: str, number: str):
        super().__init__(place, name, number)
        self.passwords = [PASSWORD]
        """The acknowledged one first, then one whose change nobody heard the end of."""
        self.numbers = [number]
        self.consents = {True}
        self.choices = 0

    def pass_once(self) -> None:
        if self.choices >= CHOICES:
            self.becomes_somebody_else()
        self.finds_the_password()
        self.finds_the_number()
        self.finds_the_consent()
        self.changes_the_password()
        self.changes_the_number()
        self.changes_the_consent()

    def becomes_somebody_else(self) -> None:
        """Nobody may choose more than twenty passwords within a quarter of an hour."""
        self.number, self.name = fresh_number(), f"changes_{secrets.token_hex(6)}"
        self.password, self.person.username = PASSWORD, self.name
        self.signs_up()
        self.place.promises.count(self.place.promises.signed_in, self.name)
        self.consents_to("shebao")
        self.passwords, self.numbers, self.consents = [PASSWORD], [self.number], {True}
        self.choices = 0

    def finds_the_password(self) -> None:
        for password in self.passwords * 2:  # a form is void once the clock was set back under it
            self.password = password
            self.forgets()
            try:
                self.signs_in_by_password()
            except SignedOut:
                continue
            self.passwords = [password]
            return
        self.place.ledger.wrong(f"{self.name}: no password that was acknowledged works")
        raise SignedOut("password lost")

    def finds_the_number(self) -> None:
        shown = self.person.opens("/account/").page.text
        found = [n for n in self.numbers if f"{n[:3]}****{n[-4:]}" in shown]
        if not found:
            self.place.ledger.wrong(f"{self.name}: the number that was acknowledged is gone")
            raise SignedOut("number lost")
        self.numbers, self.number = found[:1], found[0]

    def finds_the_consent(self) -> None:
        try:
            found = bool(self.redeems("shebao", self.arrives("shebao")))
        except SignedOut as error:
            if str(error) not in {"consent_required", "interaction_required"}:
                raise
            found = False
        if found not in self.consents:
            self.place.ledger.wrong(f"{self.name}: consent is {found}, acknowledged otherwise")
        self.consents = {found}

    def changes_the_password(self) -> None:
        new = f"Lantern-{secrets.token_hex(8)}-松"
        self.person.opens("/account/password")
        self.choices += 1
        self.passwords = [self.password, new]
        self.person.presses("password-submit", password=self.password, new_password=new)
        assert self.person.page.request.path == "/account/", self.person.page.text[-600:]
        self.passwords, self.password = [new], new

    def changes_the_number(self) -> None:
        """With the old one at hand: a password alone would have it wait for days."""
        self.person.opens("/account/phone")
        self.notes_texts()
        self.person.presses("prove-more").presses("send-code")
        code, page = self.code(), self.person.page
        self._heard(lambda: self.person.presses("login-submit", sms_code=code), page)
        new = fresh_number()
        self.number, old = new, self.number
        self.notes_texts()
        self.person.presses("send-code", phone=new)
        code = self.code()
        self.numbers = [old, new]
        self.person.presses("phone-submit", sms_code=code)
        assert self.person.page.request.path == "/account/", self.person.page.text[-600:]
        self.numbers = [new]

    def changes_the_consent(self) -> None:
        was = self.consents == {True}
        self.consents = {True, False}
        if was:
            self.person.opens("/account/portals/shebao/withdraw").presses("withdraw-yes")
            assert self.person.page.request.path == "/account/portals"
        else:
            self.consents_to("shebao")
        self.consents = {not was}

    def consents_to(self, client_id: str) -> None:
        self.person.opens(self.portals[client_id].url(scope="openid phone offline_access"))
        self.person.presses("consent-allow")
        assert "code" in self.person.arrived, self.person.page.status_code


class Thief(threading.Thread):
    """Tries again what has been used up, all the time, as soon as it has been used up."""

    def __init__(self, load: "Load"):
        super().__init__(daemon=True, name="thief")
        self.load = load

    def run(self) -> None:
        promises, ledger = self.load.promises, self.load.ledger
        while not self.load.over.is_set():
            self.load.gate.wait()
            with promises.lock:
                untried = [spent for spent in promises.spent if not spent.tried]
            for spent in untried[-3:]:
                try:
                    if not spent.try_again():
                        ledger.wrong(f"{spent.what} worked again")
                except Interrupted:
                    continue
            time.sleep(0.1)


class Load:
    """Everybody at once, coming and resting together."""

    def __init__(self, place: Place, visitors: Sequence[Visitor]):
        self.promises: Promises = place.promises
        self.ledger: Ledger = place.ledger
        self.visitors = list(visitors)
        self.ports = place.ports
        self.staying_away: frozenset[str] = frozenset()
        """Kinds of visitors that do not come for now."""
        self.gate, self.over = threading.Event(), threading.Event()
        self._under_way: set[Visitor] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(visitor,), daemon=True)
            for visitor in self.visitors
        ]
        self._threads.append(Thief(self))

    @property
    def kinds(self) -> set[str]:
        return {visitor.kind for visitor in self.visitors}

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def go(self) -> None:
        self.gate.set()

    def rest(self) -> None:
        """Wait until nobody is on the way."""
        self.gate.clear()
        deadline = time.monotonic() + REST
        while self._under_way:
            assert time.monotonic() < deadline, "a visitor never came to rest"
            time.sleep(0.02)

    def stop(self) -> None:
        self.over.set()
        self.gate.set()
        for thread in self._threads:
            thread.join(REST)

    def _run(self, visitor: Visitor) -> None:
        while not self.over.is_set():
            self.gate.wait()
            if visitor.kind in self.staying_away:
                time.sleep(AFTER_TROUBLE)
                continue
            self._under_way.add(visitor)
            try:
                pause = self._pass(visitor)
            finally:
                self.promises.retire(*visitor.leaving)
                visitor.leaving.clear()
                self._under_way.discard(visitor)
            time.sleep(pause)

    def _pass(self, visitor: Visitor) -> float:
        try:
            visitor.pass_once()
        except Interrupted:
            return AFTER_TROUBLE
        except SignedOut as error:
            visitor.forgets()
            self._odd(visitor, f"{visitor.kind}: no session, {error}")
            return AFTER_TROUBLE
        except Exception:  # an answer nobody foresaw: seen in the report, and never in calm
            visitor.forgets()
            self._odd(visitor, f"{visitor.kind}: {traceback.format_exc(limit=-3)}")
            return AFTER_TROUBLE
        self.ledger.passed(visitor.kind)
        return PAUSE

    def _odd(self, visitor: Visitor, what: str) -> None:
        self.ledger.note(Note(time.monotonic(), visitor.kind, what, ODD, 0.0))


def fresh_number() -> str:
    return f"137{secrets.randbelow(10**8):08}"
