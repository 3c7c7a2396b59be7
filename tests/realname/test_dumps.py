"""One whole journey, seeded with markers, and then every byte it left behind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import flask
import orjson
import pytest
import structlog
from werkzeug.test import Client

from idp import cases, mandates, settings, staff, stops
from idp.commands.worker import LOOPS
from idp.realname.verifiers import VERIFIERS
from idp.store import accounts, guardianships
from idp.store.engines import db, redis
from sandbox.registry.people import MAGIC
from tests import forms, secrets_in_logs
from tests.actors import Citizen, Phone
from tests.engines import pairs
from tests.oidc.actors import PASSWORD, Person, Portal, reading_letters, with_account
from tests.oidc.ida.conftest import asking
from tests.organisations.conftest import tables as of_companies
from tests.realname.conftest import gateway, tables
from tests.realname.test_documents import check
from tests.realname.test_hall import CODE, OFFICER, takes_slip
from tests.realname.test_in_clear import everything_in_sql
from tests.realname.test_joining import by_code, by_password

NAME, HALL_NAME, AGENT_NAME = "欧阳㛃燚焱", "尉迟𠮷犇骉", "澹台翀翯"
CHOSEN = "汀兰-Lantern-5518"
"""The password of who signs up."""
PHONES = [f"1391357{n:04}" for n in range(2468, 2475)]
CARD = "6222021357924680009"
COMPANY, COMPANY_CODE, COMPANY_ACCOUNT = (
    "乙标记有限公司",
    "91430100MA4L99TM1J",
    "110913579246801357",
)
WHY = "申诉标记：那个账号是前室友冒用的。"


def number(n: int) -> str:
    body = f"43010019880{808 + n:03}135"[:17]
    return body + check(body)


NUMBERS = [number(n) for n in range(4)]
CHILD_NAME, CHILD_BORN, CHILD_BODY = "令狐翎翙", "2016-03-17", "43010020160317135"
CHILD_NUMBER = CHILD_BODY + check(CHILD_BODY)


@dataclass
class Journey:
    """Everybody on it, and what nobody may read afterwards."""

    app: flask.Flask
    registers: flask.Flask
    phones: Callable[[str], Phone]
    secrets: list[str] = field(default_factory=list)

    def person(self, username: str, phone: str) -> Person:
        return with_account(self.app, username, f"+86{phone}").opens("/account/").signs_in()

    def signs_up(self) -> None:
        citizen = Citizen(self.app, self.phones(PHONES[0]))
        citizen.signs_up(username="biaoji", new_password=CHOSEN)
        citizen.visits("/account/password")
        citizen.submits("password-submit", password=CHOSEN, new_password=CHOSEN + "x")
        self.keeps_cookies(citizen.browser)

    def tries_every_way(self, person: Person) -> None:
        """Each way with each outcome; none of them matches."""
        for way in ("register", "register_phone", "register_bank_card", "face"):
            for name, (outcome, _) in MAGIC.items():
                if outcome == "slow":
                    continue
                person.opens("/realname/").follows(f"way-{way}")
                states(person, name, NUMBERS[0])
                if "continue" in person.page.text and way == "face":
                    looks(self.registers, person, "passed")
        for outcome in ("failed", "other", "left"):
            person.opens("/realname/").follows("way-face")
            states(person, NAME, NUMBERS[0])
            looks(self.registers, person, outcome)
        for outcome in ("failed", "elsewhere", "limited", "busy", "down"):
            person.opens("/realname/").follows("way-network_credential")
            person.presses("realname-submit", agree="yes")
            looks(self.registers, person, outcome, NUMBERS[0])

    def conflict_and_merge(self, one: Person, other: Person, phones: tuple[str, str]) -> None:
        one.opens("/realname/").follows("way-face")
        looks(self.registers, states(one, NAME, NUMBERS[0]), "passed")
        other.opens("/realname/").follows("way-register")
        states(other, NAME, NUMBERS[0])
        conflict = other.page.request.full_path
        other.follows("conflict-appeal").presses("appeal-submit", reason=WHY, agree="yes")
        other.opens(conflict).follows("conflict-join").presses("join-next")
        by_code(other, self.phones(phones[1])).presses("join-next")
        by_password(other, one.username)
        by_code(other, self.phones(phones[0])).presses("merge-submit")
        assert other.page.request.path == "/account/"

    def hall(self, person: Person) -> None:
        person.opens("/realname/").follows("way-hall")
        said = {"id_type": "resident_id", "real_name": HALL_NAME, "id_number": NUMBERS[1]}
        person.presses("slip-submit", agree="yes", **said)
        found = CODE.search(person.page.text)
        assert found is not None
        with self.app.app_context():
            cases.decide(found[1], OFFICER, cases.CONFIRMED, "")

    def mandate(self, boss: Person, agent_phone: str) -> None:
        with self.app.app_context():
            account = accounts.by_id(boss.account_id)
            assert account is not None
            found = mandates.Found("91110000MA00000077", "甲有限公司", "enterprise", "test", "t-1")
            company = mandates.represent(account, found).id
        boss.opens(f"/organisations/{company}/agents")
        agent = {"real_name": AGENT_NAME, "phone": agent_phone}
        boss.presses("offer-submit", functions="all", all_portals="yes", **agent)

    def company(self, boss: Person) -> None:
        """By an amount to its account, one of them read off wrong."""
        boss.opens("/organisations/bind").follows("way-transfer")
        account = {"bank_account": COMPANY_ACCOUNT, "bank_code": "308100005019"}
        said = {"uscc": COMPANY_CODE, "organisation": COMPANY, "agree": "yes"}
        boss.presses("bind-submit", **account, **said)
        amount = str(self.registers.extensions["transfers"].all()[0].amount)
        boss.opens("/organisations/").follows("amount-1")
        boss.presses("amount-submit", amount="0.01" if amount != "0.01" else "0.02")
        boss.presses("amount-submit", amount=amount)
        assert COMPANY in boss.page.text

    def child(self, guardian: Person) -> None:
        """A child's slip, the guardian's consent, and the hall."""
        child = self.person("sihao", PHONES[6])
        code = takes_slip(child, CHILD_NAME, CHILD_NUMBER)
        said = {"case_code": code, "real_name": CHILD_NAME, "relation": "parent"}
        guardian.opens("/account/children").presses("agree-submit", agree="yes", **said)
        with self.app.app_context():
            cases.read(code, OFFICER)
            cases.decide(code, OFFICER, cases.CONFIRMED, "")
            consent = guardianships.standing_of(child.account_id)
            assert consent is not None
            assert (consent.active, consent.born) == (True, CHILD_BORN)

    def claims(self, person: Person, portal: Portal) -> None:
        """The portal says whom it expects, by hint and by value; two requests stay half-way."""
        values = {"name": {"value": HALL_NAME}, "id_number": {"value": NUMBERS[1]}}
        wanted = asking({"birthdate": None, **values})
        asked = {
            "claims": orjson.dumps({"userinfo": {"verified_claims": wanted}}).decode(),
            "login_hint": PHONES[3],
            "scope": "openid phone realname id_number offline_access",
        }
        tokens = portal.tokens_for(person, **asked)
        told = portal.is_told(tokens["access_token"])
        assert told["id_number"] == told["verified_claims"]["claims"]["id_number"] == NUMBERS[1]
        again = portal.refreshes(tokens["refresh_token"]).json
        person.browser.post("/oauth/authorize", data=portal.asks(**asked))
        person.browser.post("/oauth/logout", data={"id_token_hint": tokens["id_token"]})
        code = person.arrived["code"]
        assert person.opens(portal.url(**asked, prompt="login")).page.request.path == "/login/"
        self.secrets += [tokens[n] for n in ("access_token", "refresh_token", "id_token")]
        self.secrets += [again["access_token"], again["refresh_token"], code]
        self.secrets += [portal.secret, portal.verifier]
        self.keeps_cookies(person.browser)

    def stopped(self, person: Person) -> None:
        with self.app.app_context():
            stops.stop(person.account_id, stops.WRONG_PERSON, staff.Act(OFFICER, "photo disputed"))
        person.opens("/account/").signs_in().presses("appeal-submit", reason=WHY)

    def keeps_cookies(self, browser: Any) -> None:
        """What opens something stands behind the dot of a cookie, or is all of it."""
        kept = [c.value.rpartition(".")[2] for c in browser._cookies.values()]
        self.secrets += [value for value in kept if len(value) > 20]

    def works(self) -> None:
        """A round of everything a worker does."""
        self.phones(PHONES[5]).texts()
        for loop in LOOPS:
            if loop.name != "sms":
                with self.app.app_context():
                    loop.work()


def states(person: Person, name: str, id_number: str) -> Person:
    given = {"id_type": "resident_id", "real_name": name, "id_number": id_number}
    return person.presses("realname-submit", agree="yes", bank_card=CARD, **given)


def looks(registers: flask.Flask, person: Person, outcome: str, of: str = "") -> Person:
    url, browser = urlsplit(forms.link(person.page.text, "continue")), Client(registers)
    page = browser.get(f"{url.path}?{url.query}", follow_redirects=True)
    chosen = {"outcome": outcome, "number": of}
    back = urlsplit(browser.post(page.request.full_path, data=chosen).location)
    return person.opens(f"{back.path}?{back.query}")


@pytest.fixture
def offered() -> tuple[str, ...]:
    return tuple(VERIFIERS)


@pytest.fixture
def configured(
    engines: pairs.Engines, registers: flask.Flask, offered: tuple[str, ...]
) -> settings.Settings:
    """Every verifier, hardly any limit, and a log that says all it can."""
    many = {"account_day": 1000, "document_day": 1000}
    return settings.load(
        environment="testing",
        log_level="debug",
        realname=tables(registers, verifiers=offered, **many),
        organisations=of_companies(
            registers.extensions["url"], verifiers=("aliyun_enterprise", "micro_transfer")
        ),
        outbound={"timeout": 2.0, "breaker_failures": 1000},
        sms={**gateway(registers), "notice_day": 1000},
        **engines.settings,
    )


@pytest.fixture
def journey(
    app: flask.Flask, registers: flask.Flask, phones: Callable[[str], Phone]
) -> Iterator[Journey]:
    yield Journey(app, registers, phones)
    structlog.reset_defaults()


def dumps(engines: pairs.Engines) -> Iterator[tuple[str, bytes]]:
    """The database with its write-ahead log, and Redis: snapshot, append-only files, key names."""
    if engines.database_url.startswith("sqlite:///"):
        path = Path(engines.database_url.removeprefix("sqlite:///"))
        for file in sorted(path.parent.glob(f"{path.name}*")):
            yield file.name, file.read_bytes()
    yield "rows", "\n".join(everything_in_sql()).encode()
    redis.config_set("rdbcompression", "no")
    redis.save()
    directory = Path(redis.config_get("dir")["dir"])
    for file in sorted(directory.rglob("*")):
        if file.is_file() and file.suffix in {".rdb", ".aof"}:
            yield file.name, file.read_bytes()
    yield "keys", b"\n".join(redis.scan_iter(count=1000))


def written(marker: str) -> set[bytes]:
    """As it is, as JSON, Python and addresses escape it."""
    return {
        marker.encode(),
        marker.encode("unicode_escape"),
        repr(marker.encode())[2:-1].encode(),
        quote(marker).encode(),
    }


def leaks(engines: pairs.Engines, logged: str, markers: list[str]) -> set[str]:
    """Where any of ``markers`` stands in clear; not which, so that no report leaks it either."""
    found: set[str] = set()
    places = [*dumps(engines), ("log", logged.encode())]
    assert {"rows", "keys", "log"} < {name for name, _ in places}
    assert any(name.endswith(".aof") for name, _ in places)
    assert any(name.endswith(".rdb") for name, _ in places)
    for name, content in places:
        found |= {
            f"{name}: {n}" for n, m in enumerate(markers) if any(w in content for w in written(m))
        }
    return found


MARKERS = [
    *(NAME, HALL_NAME, AGENT_NAME, CHILD_NAME),
    *(CHOSEN, PASSWORD, CARD, COMPANY_ACCOUNT, WHY, CHILD_BORN, CHILD_NUMBER),
    *PHONES,
    *NUMBERS,
]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_whole_journey_leaves_nothing_in_clear(
    journey: Journey, engines: pairs.Engines, capfd: pytest.CaptureFixture[str]
) -> None:
    journey.signs_up()
    one = journey.person("yihao", PHONES[1])
    other = journey.person("erhao", PHONES[2])
    journey.tries_every_way(one)
    journey.conflict_and_merge(one, other, (PHONES[1], PHONES[2]))
    third = journey.person("sanhao", PHONES[3])
    journey.hall(third)
    portal = reading_letters(
        journey.app,
        "notary",
        scope="openid phone realname id_number offline_access",
        sensitive_claims=["real_name", "id_number", "verified_birthdate"],
    )
    third.opens("/oauth/logout").presses("logout-yes")
    journey.claims(third, portal)
    journey.mandate(third, PHONES[4])
    journey.company(third)
    journey.child(third)
    journey.stopped(third)
    journey.works()
    logged = "".join(capfd.readouterr())
    assert len(journey.secrets) > 8
    assert len(logged) > 10_000, "the log says what was done"
    with journey.app.app_context():
        assert leaks(engines, logged, [*MARKERS, *journey.secrets]) == set()
    assert secrets_in_logs.find(logged) == ""


def test_what_lies_in_clear_would_be_found(
    app: flask.Flask, engines: pairs.Engines, people: Callable[..., Person]
) -> None:
    """A search that cannot find is none: in a row, in a value, in the name of a key, in the log."""
    people("wangxm", "+8613800000001")
    marker, other, third = "明文标记甲", "clear-marker-7719", "明文标记丙"
    with app.app_context():
        db.session.execute(db.text("UPDATE account SET status_reason = :m"), {"m": marker})
        db.session.commit()
        redis.set(f"oops:{other}", marker)
        found = leaks(engines, orjson.dumps({"said": third}).decode(), [marker, other, third])
    places = {each.partition(":")[0].rpartition(".")[2] for each in found}
    assert {"rows", "keys", "log", "rdb", "aof"} <= places
