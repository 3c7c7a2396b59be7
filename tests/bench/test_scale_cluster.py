"""What docs/scaling.md says of Redis Cluster, on three real primaries."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from redis.crc import key_slot

from idp.settings import ROOT
from idp.store import buckets
from tests.engines import redis_servers
from tests.engines.pairs import require
from tests.engines.redis_servers import Cluster, Node
from tests.engines.town import Town, arrives, built

MARGIN = 0.15
_ASIDE = {"info", "scan", "command", "hello", "client", "cluster", "ping", "memory", "ttl", "type"}
"""What is asked of every node by whoever connects to it, or by this test."""
_DOCUMENT = ROOT / "docs" / "scaling.md"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require(redis_servers.redis_missing())
    with redis_servers.cluster_of_three(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def town(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with built(tmp_path_factory.mktemp("town"), cluster.url) as town:
        yield town


def keys_of(node: Node) -> set[bytes]:
    found, cursor = set(), b"0"
    while True:
        cursor, some = node.says("SCAN", cursor, "COUNT", 1000)  # type: ignore[misc]
        found |= set(some)
        if cursor == b"0":
            return found


def all_keys(cluster: Cluster) -> set[bytes]:
    return set().union(*map(keys_of, cluster.nodes))


def asked(node: Node) -> int:
    """How many commands a node has carried out for somebody."""
    said = node.says("INFO", "commandstats")
    assert isinstance(said, bytes)
    counts = re.findall(rb"cmdstat_([a-z|_-]+):calls=(\d+)", said)
    return sum(int(n) for name, n in counts if name.decode().partition("|")[0] not in _ASIDE)


def test_a_flow_stays_in_one_slot_of_one_primary(town: Town, cluster: Cluster) -> None:
    wang = town.person()
    town.gjj.tokens_for(wang)
    cookie = wang.browser.get_cookie("hutong_sso")
    assert cookie is not None
    slot = key_slot(buckets.epoch(cookie.value[:2]).encode())
    home = cluster.holder(slot)
    before = all_keys(cluster)
    elsewhere = [asked(node) for node in cluster.nodes if node is not home]
    here = asked(home)

    tokens = town.gjj.redeems(arrives(wang, town.gjj)).json
    again = town.gjj.refreshes(tokens["refresh_token"]).json
    assert town.gjj.userinfo(again["access_token"]).status_code == 200

    left = all_keys(cluster) - before
    assert len(left) >= 3  # the code that was spent, a family, an access token
    assert {key_slot(key) for key in left} == {slot}
    assert [asked(node) for node in cluster.nodes if node is not home] == elsewhere
    assert asked(home) > here


@pytest.mark.parametrize("primaries", [3, 4, 8])
def test_buckets_are_spread_evenly_over_the_primaries(primaries: int) -> None:
    share = -(-redis_servers.SLOTS // primaries)
    slots = [key_slot(buckets.epoch(bucket).encode()) for bucket in buckets.ALL]
    held = Counter(slot // share for slot in slots)

    assert len(set(slots)) > 250
    assert len(held) == primaries
    assert max(held.values()) < 1.1 * len(buckets.ALL) / primaries


def test_sessions_fall_into_all_buckets_alike() -> None:
    drawn = Counter(buckets.draw() for _ in range(256 * 100))

    assert set(drawn) == set(buckets.ALL)
    assert max(drawn.values()) < 170
    assert min(drawn.values()) > 50


def test_every_primary_has_its_part_of_the_sessions(town: Town, cluster: Cluster) -> None:
    for _ in range(24):
        town.gjj.tokens_for(town.person())

    held = [sum(b"}s:" in key for key in keys_of(node)) for node in cluster.nodes]
    assert min(held) > 0
    assert sum(held) >= 24


def test_a_session_takes_as_much_memory_as_the_document_says(town: Town, cluster: Cluster) -> None:
    before = all_keys(cluster)
    wang = town.person()
    tokens = town.gjj.tokens_for(wang, scope="openid phone")
    town.gjj.refreshes(tokens["refresh_token"])

    new = all_keys(cluster) - before
    for kind, mark in (("session", b"}s:"), ("refresh family", b"}f:"), ("access token", b"}a:")):
        sizes = [memory(cluster, key) for key in new if mark in key]
        assert sizes, f"no {kind}"
        assert max(sizes) == pytest.approx(stated(kind), rel=MARGIN), kind


def memory(cluster: Cluster, key: bytes) -> int:
    said = cluster.holder(key_slot(key)).says("MEMORY", "USAGE", key, "SAMPLES", 0)
    assert isinstance(said, int)
    return said


def stated(kind: str) -> int:
    """The bytes of one, as the table in the document has them."""
    row = re.search(
        rf"^\| {kind} \|[^|]*\| ([\d ]+) \|", _DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    assert row, f"docs/scaling.md has no row {kind!r}"
    return int(row[1].replace(" ", ""))
