"""Two people with two browsers each, three portals, one clock; and what the model says of them."""

import itertools
import time
from typing import Any

import flask
import time_machine

from idp.store.engines import redis
from tests.attacks.protocol import model
from tests.oidc.actors import STATUTE, Person, Portal, registered, with_account

REFUSED = {400, 401}
AGE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - tonumber(ARGV[1])) end
end
"""
"""Redis has a clock of its own: what it keeps for a while grows older by hand."""

NAMES = itertools.count(1)


class World:
    app: flask.Flask

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.people: list[tuple[Person, model.Account]] = []
        self.portals: list[Portal] = []
        self.parties: dict[str, model.Party] = {}
        self.sessions: dict[int, model.Session] = {}
        self.codes: list[model.Code] = []
        self.families: list[model.Family] = []
        self.travel = time_machine.travel(time.time(), tick=True)
        self.clock = self.travel.start()
        flask.request_finished.connect(self.look, self.app)
        with self.app.app_context():
            redis.flushall()

    def look(self, _app: flask.Flask, response: flask.Response, **_: Any) -> None:
        if response.status_code >= 500:
            self.broken.append(f"{flask.request.method} {flask.request.path}")

    def people_come(self) -> None:
        for _ in range(2):
            name, account = f"person{next(NAMES):06}", model.Account()
            first = with_account(self.app, name)
            both = [first, Person(self.app, first.account_id, name)]
            self.people += [(person, account) for person in both]

    def portals_open(self) -> None:
        number = next(NAMES)
        kinds = {
            "asks": {},
            "stands": {"legal_basis": "statutory", "statute": STATUTE},
            "public": {"token_endpoint_auth_method": "none"},
        }
        self.portals = [registered(self.app, f"{n}{number}", **kind) for n, kind in kinds.items()]
        for portal in self.portals:
            self.parties[portal.client_id] = model.Party(public=not portal.secret)

    def passes(self, seconds: int) -> None:
        with self.app.app_context():
            redis.eval(AGE, 0, seconds * 1000)
        self.clock.shift(seconds)

    def ends(self) -> None:
        flask.request_finished.disconnect(self.look, self.app)
        self.travel.stop()

    def refresh_(self, family: model.Family, back: int) -> None:
        now = time.time()
        works, betrays = family.refreshes(now, back), family.betrays(now, back)
        if works is None or betrays is None:
            return
        answer = self.portal_of(family.party).refreshes(family.refresh[-1 - back])
        if not works:
            assert answer.status_code in REFUSED, answer.json
            family.dead = family.dead or betrays
            return
        assert answer.status_code == 200, answer.json
        family.used = now
        if back == 0:
            family.moved = int(now)
        else:
            assert answer.json["refresh_token"] == family.refresh[-1]
        self.keep(family, answer.json, now)

    def matches(self, family: model.Family, access: model.Access) -> None:
        works = access.works(time.time(), family)
        portal = Portal(self.app, "", "", "")
        answer = portal.userinfo(access.text)
        if works is not None:
            assert answer.status_code == (200 if works else 401)

    def keep(self, family: model.Family, answer: dict[str, str], now: float) -> None:
        if answer["refresh_token"] not in family.refresh:
            family.refresh.append(answer["refresh_token"])
        family.access.append(model.Access(answer["access_token"], now + model.ACCESS))

    def lives(self, browser: int) -> bool | None:
        session = self.sessions.get(browser)
        return session.lives(time.time()) if session else False

    def portal_of(self, party: model.Party) -> Portal:
        return next(each for each in self.portals if self.parties[each.client_id] is party)

    def asked(self, portal: Portal, lives: bool, offline: bool) -> dict[str, str]:
        """A statute allows no offline access; without a session nobody is shown a page."""
        if not lives:
            return {"prompt": "none"}
        if offline and not portal.client_id.startswith("stands"):
            return {"scope": "openid offline_access", "prompt": "consent"}
        return {}


def cookie_of(person: Person) -> str:
    found = person.browser.get_cookie("hutong_sso")
    return found.value if found else ""
