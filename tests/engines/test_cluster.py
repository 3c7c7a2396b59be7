"""The provider on a Redis Cluster: every story, a slot that moves, a primary that dies."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.crc import key_slot

from idp import consents, staff, standing, stops
from idp.store import buckets, throttles
from tests.engines import redis_servers
from tests.engines.pairs import require
from tests.engines.redis_servers import Cluster, until
from tests.engines.town import PATIENCE, Town, arrives, built, is_busy_page, signs_out
from tests.oidc.actors import Person

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require(redis_servers.redis_missing())
    with redis_servers.cluster_of_three(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def town(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with built(tmp_path_factory.mktemp("town"), cluster.url) as town:
        yield town


def slot_of(person: Person) -> int:
    """Where the person's session lives."""
    cookie = person.browser.get_cookie("hutong_sso")
    assert cookie is not None
    return int(key_slot(buckets.epoch(cookie.value[:2]).encode()))


def test_a_day_of_many_people_on_every_node(town: Town, cluster: Cluster) -> None:
    used = set()
    for _ in range(8):
        wang = town.person()
        tokens = town.shebao.tokens_for(wang, scope="openid profile offline_access")
        used.add(cluster.holder(slot_of(wang)).port)
        assert town.shebao.userinfo(tokens["access_token"]).status_code == 200
        assert town.shebao.refreshes(tokens["refresh_token"]).status_code == 200
        code = arrives(wang, town.gjj)
        assert town.gjj.redeems(code).status_code == 200
        assert town.gjj.redeems(code).json["error"] == "invalid_grant"
        signs_out(wang, tokens["id_token"])
        assert arrives(wang, town.gjj) == "login_required"
        told = town.events(wang.account_id)
        assert (told["session.started"], told["grant.code_issued"], told["token.issued"]) == (
            1,
            2,
            2,
        )
    assert len(used) > 1
    assert town.trail_is_whole()


def test_what_is_withdrawn_or_stopped_dies_wherever_it_is(town: Town) -> None:
    wang, others = town.person(), town.app
    shebao = town.shebao.tokens_for(wang, scope="openid offline_access")
    gjj = town.gjj.tokens_for(wang, scope="openid offline_access")

    with others.app_context():
        assert consents.withdraw(wang.account_id, "shebao")
    assert town.shebao.refreshes(shebao["refresh_token"]).json["error"] == "invalid_grant"
    assert town.gjj.userinfo(gjj["access_token"]).status_code == 200

    with others.app_context():
        stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "asked"))
    assert town.gjj.userinfo(gjj["access_token"]).status_code == 401
    assert town.gjj.refreshes(gjj["refresh_token"]).json["error"] == "invalid_grant"
    assert arrives(wang, town.gjj) == "login_required"


def test_a_stopped_portal_is_stopped_in_every_bucket(town: Town) -> None:
    people = [town.person() for _ in range(4)]
    for each in people:
        town.gjj.tokens_for(each)
    with town.app.app_context():
        standing.stop_client("gjj", "asked")
    try:
        for each in people:
            each.opens(town.gjj.url(prompt="none"), follow=False)
            assert "code" not in each.arrived
    finally:
        with town.app.app_context():
            standing.restore_client("gjj", "asked")


def test_guessing_is_counted(town: Town) -> None:
    wang = town.person()
    for _ in range(12):
        wang.opens("/login/").signs_in(password="wrong-Lantern-1111")
    wang.opens("/login/").signs_in()
    assert wang.browser.get_cookie("hutong_sso") is None
    with town.app.app_context():
        assert throttles.used([throttles.everybody(wang.account_id, 1)]) != [0]


def test_a_slot_moves_under_a_session_and_nobody_notices(town: Town, cluster: Cluster) -> None:
    wang = town.person()
    tokens = town.shebao.tokens_for(wang, scope="openid offline_access")
    slot = slot_of(wang)
    source = cluster.holder(slot)
    target = next(node for node in cluster.nodes if node is not source)

    cluster.move(slot, target)

    tokens = town.shebao.refreshes(tokens["refresh_token"]).json
    assert town.shebao.userinfo(tokens["access_token"]).status_code == 200
    code = arrives(wang, town.gjj)
    assert town.gjj.redeems(code).status_code == 200
    assert town.gjj.redeems(code).json["error"] == "invalid_grant"
    assert town.events(wang.account_id)["grant.code_issued"] == 2


@pytest.mark.parametrize("how", ["killed", "stalled"])
def test_a_primary_goes_and_comes_back(town: Town, cluster: Cluster, how: str) -> None:
    wang = town.person()
    tokens = town.shebao.tokens_for(wang, scope="openid offline_access")
    lost = next(node for node in cluster.nodes if f":{node.port}" in holder(wang, cluster))

    lost.server.kill() if how == "killed" else lost.server.stall()
    try:
        page, seconds = town.asks("/health/ready")
        assert page.status_code == 503
        assert seconds < 8 * PATIENCE
        wang.opens(town.gjj.url(prompt="none"), follow=False)
        assert is_busy_page(wang.page)
        assert town.asks("/health/live")[0].status_code == 200
    finally:
        lost.server.start() if how == "killed" else lost.server.go_on()
    until(cluster.whole)

    until(town.is_ready)
    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200
    assert town.shebao.refreshes(tokens["refresh_token"]).status_code == 200
    assert town.events(wang.account_id)["session.started"] == 1


def test_a_cluster_that_hangs_makes_nobody_wait_for_others(town: Town, cluster: Cluster) -> None:
    wang = town.person()
    town.gjj.tokens_for(wang)
    cookie = wang.browser.get_cookie("hutong_sso")
    assert cookie is not None

    def asks(_: int) -> tuple[int, float]:
        before, browser = time.monotonic(), town.app.test_client()
        browser.set_cookie("hutong_sso", cookie.value)
        status = browser.get(town.gjj.url(prompt="none")).status_code
        return status, time.monotonic() - before

    for node in cluster.nodes:
        node.server.stall()
    try:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(asks, range(6)))
    finally:
        for node in cluster.nodes:
            node.server.go_on()
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 7 * PATIENCE
    until(cluster.whole)
    until(town.is_ready)
    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200


def holder(person: Person, cluster: Cluster) -> str:
    """Where the person's session lives now, slots having moved."""
    slot = slot_of(person)
    said = cluster.nodes[0].says("CLUSTER", "SLOTS")
    assert isinstance(said, list)
    return next(f":{owner[1]}" for first, last, owner, *_ in said if first <= slot <= last)
