"""Somebody does everything one can do with sessions, codes and tokens, in any order."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from idp import consents, staff, standing, stops
from tests.attacks.protocol import model
from tests.attacks.protocol.world import REFUSED, World, cookie_of

PAUSES = (5, 10, 34, 70, 11 * 60, 16 * 60, 31 * 60, 13 * 3600, 31 * 24 * 3600)
BROWSERS = st.integers(0, 3)
PORTALS = st.integers(0, 2)
LATEST = st.integers(0, 5)
"""Which of those there are, counted from the latest."""


class Machine(World, RuleBasedStateMachine):
    """The rules; each tells the provider and the model alike, and compares."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        World.__init__(self)

    @initialize()
    def a_day_begins(self) -> None:
        """Four browsers, three portals, and everybody at the first browser is served already."""
        self.people_come()
        self.portals_open()
        self.sign_in(0)
        for number in range(len(self.portals)):
            self.arrive(0, number, number == 0)

    @rule(browser=BROWSERS)
    def sign_in(self, browser: int) -> None:
        person, account = self.people[browser]
        if self.lives(browser) is not False:
            return
        person.opens("/login/").signs_in()
        if not account.active:
            assert person.page.status_code == 403
            return
        assert person.page.request.path == "/account/", person.page.request.path
        now = time.time()
        session = model.Session(account, now, now, cookie_of(person))
        account.sessions.append(session)
        self.sessions[browser] = session

    @rule(browser=BROWSERS, number=PORTALS, offline=st.booleans())
    def authorize(self, browser: int, number: int, offline: bool) -> None:
        self._authorize(browser, number, offline)

    def _authorize(self, browser: int, number: int, offline: bool) -> model.Code | None:
        portal, person = self.portals[number], self.people[browser][0]
        lives, now = self.lives(browser), time.time()
        if lives is None:
            return None
        person.opens(portal.url(**self.asked(portal, lives, offline)))
        if not self.parties[portal.client_id].active:
            assert person.page.request.path.startswith("/error/")
            return None
        if not lives:
            assert person.arrived["error"] == "login_required"
            return None
        if person.page.request.path == "/consent/":
            person.presses("consent-allow")
        session = self.sessions[browser]
        session.used = now
        offline = offline and not portal.client_id.startswith("stands")
        party = self.parties[portal.client_id]
        code = model.Code(person.arrived["code"], party, session, now, offline)
        session.codes.append(code)
        self.codes.append(code)
        return code

    @rule(browser=BROWSERS, number=PORTALS, offline=st.booleans())
    def arrive(self, browser: int, number: int, offline: bool) -> None:
        """The whole way at once: sign in if need be, bring the code back, have it redeemed."""
        self.sign_in(browser)
        if self._authorize(browser, number, offline):
            self.redeem(0, number)

    @precondition(lambda self: self.codes)
    @rule(latest=LATEST, number=PORTALS)
    def redeem(self, latest: int, number: int) -> None:
        code, portal = _pick(self.codes, latest), self.portals[number]
        party, now = self.parties[portal.client_id], time.time()
        works = code.works(now)
        if works is None or code.is_remembered(now) is None:
            return
        answer = portal.redeems(code.text, redirect_uri=self.portal_of(code.party).redirect_uri)
        if party is not code.party or not works:
            assert answer.status_code in REFUSED, answer.json
            if party is code.party and party.active:
                code.shown_again(now)
            return
        assert answer.status_code == 200, answer.json
        family = model.Family(party, code.session, code.offline, int(now), now)
        code.family, code.spent = family, now
        code.session.families.append(family)
        self.families.append(family)
        self.keep(family, answer.json, now)

    @precondition(lambda self: self.codes)
    @rule(latest=LATEST)
    def redeem_again(self, latest: int) -> None:
        """By whom it was issued to: the verifier is theirs, the code is not new."""
        party = _pick(self.codes, latest).party
        self.redeem(latest, self.portals.index(self.portal_of(party)))

    @precondition(lambda self: self.families)
    @rule(latest=LATEST, times=st.integers(1, 3))
    def refresh(self, latest: int, times: int) -> None:
        for _ in range(times):
            self.refresh_(_pick(self.families, latest), 0)

    @precondition(lambda self: self.families)
    @rule(latest=LATEST, back=st.integers(1, 3))
    def refresh_with_an_older_one(self, latest: int, back: int) -> None:
        family = _pick(self.families, latest)
        self.refresh_(family, min(back, len(family.refresh) - 1))

    @precondition(lambda self: self.families)
    @rule(latest=LATEST, back=st.integers(0, 2), number=PORTALS)
    def refresh_as_somebody_else(self, latest: int, back: int, number: int) -> None:
        family, portal = _pick(self.families, latest), self.portals[number]
        if self.parties[portal.client_id] is not family.party:
            back = min(back, len(family.refresh) - 1)
            assert portal.refreshes(family.refresh[-1 - back]).status_code in REFUSED

    @precondition(lambda self: self.families)
    @rule(latest=LATEST, number=PORTALS, which=LATEST, whole=st.booleans())
    def revoke(self, latest: int, number: int, which: int, whole: bool) -> None:
        family, portal = _pick(self.families, latest), self.portals[number]
        tokens = family.refresh if whole else [each.text for each in family.access]
        form = {} if portal.secret else {"client_id": portal.client_id}
        answer = portal.calls("/oauth/revoke", token=_pick(tokens, which), **form)
        party = self.parties[portal.client_id]
        assert answer.status_code == 200 if party.active else answer.status_code in REFUSED
        if party is not family.party or not party.active:
            return
        if whole:
            family.dead = True
        else:
            _pick(family.access, which).revoked = True

    @precondition(lambda self: self.families)
    @rule(latest=LATEST, which=LATEST)
    def use(self, latest: int, which: int) -> None:
        family = _pick(self.families, latest)
        self.matches(family, _pick(family.access, which))

    @rule(browser=BROWSERS, everywhere=st.booleans())
    def sign_out(self, browser: int, everywhere: bool) -> None:
        person, account = self.people[browser]
        if not self.lives(browser):
            return
        scope = "everywhere" if everywhere else "here"
        person.opens("/oauth/logout").presses("logout-yes", scope=scope)
        for session in account.sessions if everywhere else [self.sessions[browser]]:
            session.end()

    @rule(browser=BROWSERS)
    def show_an_old_cookie(self, browser: int) -> None:
        person, account = self.people[browser]
        over = [each for each in account.sessions if each.lives(time.time()) is False]
        if not over:
            return
        mine = cookie_of(person)
        person.browser.set_cookie("hutong_sso", over[-1].cookie)
        person.opens("/account/")
        assert person.page.request.path == "/login/"
        person.browser.set_cookie("hutong_sso", mine)

    @rule(browser=BROWSERS, number=PORTALS)
    def withdraw(self, browser: int, number: int) -> None:
        (person, account), portal = self.people[browser], self.portals[number]
        with self.app.app_context():
            if not consents.withdraw(person.account_id, portal.client_id):
                return
        for session in account.sessions:
            session.withdraw(self.parties[portal.client_id])

    @rule(browser=BROWSERS)
    def stop_or_restore_an_account(self, browser: int) -> None:
        person, account = self.people[browser]
        with self.app.app_context():
            if account.active:
                stops.stop(person.account_id, stops.OTHER, staff.Act("1", "test"))
            else:
                stops.lift(person.account_id, staff.Act("1", "test"))
        account.active = not account.active
        for session in account.sessions:
            session.end(offline_too=True)

    @rule(number=PORTALS)
    def stop_or_restore_a_client(self, number: int) -> None:
        portal = self.portals[number]
        party = self.parties[portal.client_id]
        with self.app.app_context():
            change = standing.stop_client if party.active else standing.restore_client
            change(portal.client_id, "test")
        party.active = not party.active

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: int) -> None:
        self.passes(seconds)

    @invariant()
    def nothing_breaks(self) -> None:
        assert not self.broken, self.broken

    def teardown(self) -> None:
        """At the end every token there ever was does what it must."""
        try:
            for family in self.families:
                for access in family.access:
                    self.matches(family, access)
                self.refresh_(family, 0)
            assert not self.broken, self.broken
        finally:
            self.ends()


def _pick(those: list[Any], latest: int) -> Any:
    return those[-1 - latest % len(those)]


@contextmanager
def for_app(app: flask.Flask) -> Iterator[type[Machine]]:
    yield type("Machine", (Machine,), {"app": app})
