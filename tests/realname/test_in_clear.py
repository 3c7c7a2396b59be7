"""What is kept of a person is sealed wherever it lies: in SQL, in Redis, in the log."""

from collections.abc import Iterator
from typing import Any

import flask
import orjson
import pytest
from sqlalchemy import text

from idp import cases
from idp.store.engines import Base, db, redis
from tests.oidc.actors import Person, Portal, proven, registered
from tests.realname.test_hall import OFFICER, takes_slip
from tests.realname.test_proving import REGISTER, looks, states

NAME, OTHER_NAME = "欧阳㛃燚", "尉迟𠮷犇"
NUMBER, OTHER_NUMBER = "32000020120229" + "0014", "440000198512311119"
PHONE = "13800000001"
MARKERS = (NAME, OTHER_NAME, NUMBER, OTHER_NUMBER, PHONE, "3200002012", "4400001985")


def everything_in_sql() -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(text(f'SELECT * FROM "{table.name}"')):
            yield from (f"{table.name}: {value}" for value in row if value is not None)


def everything_in_redis() -> Iterator[str]:
    readers: dict[bytes, Any] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        b"stream": redis.xrange,
    }
    for key in redis.scan_iter(count=1000):
        kind = redis.type(key)
        yield f"{key!r} {readers[kind](key)!r}"  # type: ignore[index]


def found(app: flask.Flask, least: int = 100) -> list[str]:
    """Where a marker stands in clear, among at least so many values."""
    written = [*MARKERS, *(marker.encode("unicode_escape").decode() for marker in MARKERS[:2])]
    written += [repr(marker.encode())[2:-1] for marker in MARKERS[:2]]
    with app.app_context():
        kept = [*everything_in_sql(), *everything_in_redis()]
    assert len(kept) > least
    return [line[:200] for line in kept if any(marker in line for marker in written)]


@pytest.fixture
def wang(people: Any) -> Person:
    return people("wangxm", f"+86{PHONE}")


def test_nothing_of_a_person_lies_in_clear_at_any_step(
    app: flask.Flask,
    registers: flask.Flask,
    wang: Person,
    li: Person,
    fund: Portal,
    capfd: pytest.CaptureFixture[str],
) -> None:
    wang.opens(fund.url()).signs_in()
    states(wang, NAME, NUMBER)
    assert found(app) == [], "on the way to the vendor, the interaction holds what was typed"
    looks(registers, wang)
    fund.redeems(wang.arrived["code"])
    assert found(app) == [], "an identity, its evidence, claims in session and family"

    li.opens("/account/").signs_in()
    li.opens("/realname/").follows(f"way-{REGISTER}")
    states(li, "姓名不符", OTHER_NUMBER)
    code = takes_slip(li, OTHER_NAME, OTHER_NUMBER)
    assert found(app) == [], "a refusal, a case"
    with app.app_context():
        cases.decide(code, OFFICER, cases.CONFIRMED, "")
    assert found(app) == []

    logged = "".join(capfd.readouterr())
    assert [marker for marker in MARKERS if marker in logged] == []


def test_what_a_portal_says_of_a_person_lies_sealed_too(app: flask.Flask, wang: Person) -> None:
    proven(wang, NAME, OTHER_NUMBER)
    portal = registered(app, "asks", scope="openid", sensitive_claims=["real_name"])
    wanted = {"verification": {"trust_framework": None}, "claims": {"name": {"value": NAME}}}
    asked = {
        "claims": orjson.dumps({"userinfo": {"verified_claims": wanted}}).decode(),
        "login_hint": PHONE,
    }
    wang.opens(portal.url(**asked))
    wang.browser.post("/oauth/authorize", data=portal.asks(**asked))
    assert found(app, least=10) == [], "an interaction, and a form that was posted"
    wang.signs_in().presses("consent-allow")
    assert found(app, least=10) == [], "a code"
    tokens = portal.redeems(wang.arrived["code"]).json
    assert portal.is_told(tokens["access_token"])["verified_claims"]["claims"] == {"name": NAME}
    assert found(app, least=10) == [], "a family"


def test_the_markers_would_be_found(app: flask.Flask, wang: Person) -> None:
    """A check that cannot fail is none."""
    with app.app_context():
        redis.hset("oops", mapping={"name": NAME})
        db.session.execute(text("UPDATE account SET status_reason = :m"), {"m": NUMBER})
        db.session.commit()
        kept = "".join([*everything_in_sql(), *everything_in_redis()])
    assert NUMBER in kept
    assert repr(NAME.encode())[2:-1] in kept
