"""The provider behind Redis Sentinel: a primary dies in the middle, and its replica goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.engines import redis_servers
from tests.engines.pairs import require
from tests.engines.redis_servers import Node, Watched, until
from tests.engines.town import PATIENCE, Town, arrives, built, is_busy_page, signs_out

pytestmark = pytest.mark.slow


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    require(redis_servers.redis_missing())
    with redis_servers.watched(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def town(watched: Watched, tmp_path: Path) -> Iterator[Town]:
    with built(tmp_path / "town", watched.url) as town:
        yield town


def written_by_both(watched: Watched) -> None:
    """The replica has everything the primary has taken so far."""
    lines = _replication(watched.primary).split()
    wanted = next(line for line in lines if line.startswith(b"master_repl_offset:"))
    until(lambda: wanted.replace(b"master", b"slave") in _replication(watched.replica))


def _replication(node: Node) -> bytes:
    said = node.says("INFO", "replication")
    assert isinstance(said, bytes)
    return said


@pytest.mark.parametrize("how", ["killed", "stalled"])
def test_the_replica_goes_on_with_every_session(town: Town, watched: Watched, how: str) -> None:
    wang, zhang = town.person(), town.person()
    tokens = town.shebao.tokens_for(wang, scope="openid profile offline_access")
    unspent, spent = arrives(wang, town.gjj), arrives(wang, town.gjj)
    assert town.gjj.redeems(spent).status_code == 200
    written_by_both(watched)

    watched.primary.server.kill() if how == "killed" else watched.primary.server.stall()
    before = time.monotonic()
    wang.opens(town.gjj.url(prompt="none"), follow=False)
    assert time.monotonic() - before < 4 * PATIENCE
    assert is_busy_page(wang.page)
    assert town.asks("/health/live")[0].status_code == 200
    assert town.asks("/health/ready")[0].status_code == 503
    until(town.is_ready, 30)

    assert town.gjj.redeems(spent).json["error"] == "invalid_grant"
    assert town.gjj.redeems(unspent).status_code == 200
    tokens = town.shebao.refreshes(tokens["refresh_token"]).json
    assert town.shebao.userinfo(tokens["access_token"]).status_code == 200
    town.shebao.tokens_for(zhang)
    signs_out(wang, tokens["id_token"])
    if how == "stalled":
        nothing_of_its_own_returns(town, watched)

    assert arrives(wang, town.gjj) == "login_required"
    assert arrives(zhang, town.shebao) != "login_required"
    told = town.events(wang.account_id)
    assert (told["session.started"], told["token.refreshed"]) == (1, 1)
    assert told["grant.code_issued"] == 3
    assert town.trail_is_whole()


def nothing_of_its_own_returns(town: Town, watched: Watched) -> None:
    """The old primary wakes, believes for a moment that it is one still, and must follow."""
    watched.primary.server.go_on()
    until(lambda: _follows(watched.primary))
    until(town.is_ready)


def _follows(node: Node) -> bool:
    try:
        return b"role:slave" in _replication(node)
    except redis.ConnectionError:  # the sentinels end every connection of a server they turn
        return False


def test_a_sentinel_or_two_may_be_missing(town: Town, watched: Watched) -> None:
    wang = town.person()
    town.shebao.tokens_for(wang)
    watched.sentinels[0].server.kill()
    watched.sentinels[1].server.stall()
    town.app.extensions["redis"].connection_pool.disconnect()

    assert town.gjj.redeems(arrives(wang, town.gjj)).status_code == 200
