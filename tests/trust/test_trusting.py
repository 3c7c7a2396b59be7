"""Whom a node trusts, for how long, and what becomes of it when somebody does not answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from idp.federation.chains import TrustChain
from idp.federation.errors import FederationError, Unreachable
from idp.keys import FEDERATION
from idp.store import statements
from idp.store.types import now
from idp.trust import admission
from idp.trust.errors import Denied, Unmarked
from tests.trust.nodes import LIU, Node, Nodes

SOFT, HARD = timedelta(minutes=40), timedelta(hours=25)


def chain(node: Node, of: Node, **how: Any) -> TrustChain:
    with node.app.app_context():
        return node.services.trust.chain(of.url, **how)


def ceiling(node: Node, of: Node) -> str:
    with node.app.app_context():
        trust = node.services.trust
        return trust.ceiling(trust.chain(of.url)).acr


@contextmanager
def later(moment: timedelta) -> Iterator[None]:
    with time_machine.travel(now() + moment, tick=True):
        yield


@pytest.fixture
def yi(nodes: Nodes, anchor: Node) -> Node:
    """Another province, with the marks of a gateway that reaches ial3."""
    marks = [
        {"type": f"{anchor.url}/tm/{name}", "issuer": anchor.url}
        for name in ("gateway", "ial/3", "aal/2")
    ]
    made = nodes.below(anchor, "yi", federation={"marks": marks})
    anchor.marks(made, "gateway", "ial/3", "aal/2")
    made.refreshes_its_marks()
    return made


def test_what_is_known_is_not_asked_for_again(jia: Node, yi: Node, anchor: Node) -> None:
    first = chain(jia, yi)
    yi.asked.clear()
    anchor.asked.clear()

    assert chain(jia, yi) is first
    assert (yi.asked, anchor.asked) == ([], [])


def test_what_another_process_fetched_is_taken_from_the_table(jia: Node, yi: Node) -> None:
    chain(jia, yi)
    yi.asked.clear()
    jia.services.trust._memory.known.clear()

    chain(jia, yi)

    assert yi.asked == []


def test_after_the_soft_life_superiors_are_asked_again(jia: Node, yi: Node, anchor: Node) -> None:
    chain(jia, yi)
    anchor.asked.clear()

    with later(SOFT):
        chain(jia, yi)

    assert "/federation/fetch" in anchor.asked


def test_an_anchor_that_is_away_is_not_missed_until_its_word_expires(
    jia: Node, yi: Node, anchor: Node
) -> None:
    chain(jia, yi)
    anchor.goes_down()

    with later(SOFT):
        assert chain(jia, yi).subject == yi.url
    with later(timedelta(hours=23)):
        assert chain(jia, yi).subject == yi.url
    with later(HARD), pytest.raises(FederationError):
        chain(jia, yi)


def test_who_is_suspended_is_refused_after_the_soft_life_at_the_latest(
    jia: Node, yi: Node, anchor: Node
) -> None:
    chain(jia, yi)
    with anchor.app.app_context():
        admission.suspend(yi.url, LIU)
    assert chain(jia, yi), "nothing was heard of it yet"

    with later(SOFT), pytest.raises(FederationError):
        chain(jia, yi)


def test_a_suspension_that_is_heard_of_holds_in_every_process_within_seconds(
    jia: Node, yi: Node, anchor: Node
) -> None:
    chain(jia, yi)
    with anchor.app.app_context():
        admission.suspend(yi.url, LIU)
    with jia.app.app_context():
        statements.forget_all()
    jia.forgets_what_it_knows()

    with pytest.raises(FederationError):
        chain(jia, yi)


def test_an_answer_of_a_gateway_on_the_way_suspends_nobody(
    jia: Node, yi: Node, anchor: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 that is no error of the federation may be a proxy's."""
    chain(jia, yi)
    monkeypatch.setattr(anchor.app, "wsgi_app", _not_found)

    with later(SOFT):
        assert chain(jia, yi).subject == yi.url


def test_an_unknown_key_makes_a_node_look_again_but_not_each_time(jia: Node, yi: Node) -> None:
    chain(jia, yi)
    with later(timedelta(seconds=10)):
        yi.asked.clear()
        chain(jia, yi, fresh=True)
        assert yi.asked == ["/.well-known/openid-federation"]
        chain(jia, yi, fresh=True)
        assert yi.asked == ["/.well-known/openid-federation"]


def test_whom_nobody_vouches_for_is_not_asked_about_again_at_once(
    jia: Node, nodes: Nodes, anchor: Node
) -> None:
    federation = {"role": "leaf", "superiors": [anchor.url], "anchors": [nodes.pin(anchor)]}
    bing = nodes.start("bing", federation=federation)
    with pytest.raises(FederationError):
        chain(jia, bing)
    bing.asked.clear()

    with pytest.raises(FederationError):
        chain(jia, bing)
    assert bing.asked == []


def test_the_operator_s_own_word_shuts_an_entity_out(nodes: Nodes, anchor: Node, yi: Node) -> None:
    jia = nodes.below(anchor, "jia", federation={"ceilings": {yi.url: "deny"}})

    with pytest.raises(Denied):
        chain(jia, yi)


def test_levels_are_believed_as_far_as_the_marks_go(jia: Node, yi: Node, anchor: Node) -> None:
    assert ceiling(jia, yi) == "ial3.aal2"
    with jia.app.app_context():
        trust = jia.services.trust
        assert trust.require(trust.chain(yi.url), "gateway").sub == yi.url
        with pytest.raises(Unmarked):
            trust.require(trust.chain(yi.url), "legal-person-authority")


def test_without_marks_nothing_is_believed_but_the_least(jia: Node, anchor: Node) -> None:
    assert ceiling(jia, anchor) == "ial1.aal1"


def test_the_operator_s_own_ceiling_is_under_all_marks(
    nodes: Nodes, anchor: Node, yi: Node
) -> None:
    jia = nodes.below(anchor, "jia", federation={"ceilings": {yi.url: "ial2"}})

    assert ceiling(jia, yi) == "ial2.aal2"


def test_a_mark_taken_back_counts_no_more_after_some_minutes(
    jia: Node, yi: Node, anchor: Node
) -> None:
    assert ceiling(jia, yi) == "ial3.aal2"
    with anchor.app.app_context():
        anchor.services.trust.given.revoke("ial/3", yi.url, LIU)

    with later(timedelta(minutes=11)):
        assert ceiling(jia, yi) == "ial1.aal2"


def test_an_issuer_that_is_away_costs_the_high_levels_first(
    jia: Node, yi: Node, anchor: Node
) -> None:
    assert ceiling(jia, yi) == "ial3.aal2"
    anchor.goes_down()

    with later(timedelta(minutes=50)):
        assert ceiling(jia, yi) == "ial3.aal2"
    with later(timedelta(hours=2)):
        assert ceiling(jia, yi) == "ial2.aal2"


def test_an_anchor_may_not_vouch_beyond_what_we_pinned(nodes: Nodes, anchor: Node) -> None:
    pins = [{"below": anchor.url, "permitted": ["jia.localhost", "bing.localhost"]}]
    jia = nodes.below(anchor, "jia", pin={"pins": pins})
    bing, ding = nodes.below(anchor, "bing"), nodes.below(anchor, "ding")

    assert chain(jia, bing).subject == bing.url
    with pytest.raises(FederationError):
        chain(jia, ding)


def test_a_province_vouches_for_its_cities_and_no_further(nodes: Nodes, anchor: Node) -> None:
    limits = {
        "naming_constraints": {"permitted": ["yi.localhost", ".yi.localhost"]},
        "max_path_length": 1,
        "allowed_entity_types": ["openid_relying_party"],
    }
    jia = nodes.below(anchor, "jia")
    yi = nodes.below(anchor, "yi", federation={"role": "intermediate"}, limits=limits)
    city = nodes.below(yi, "city.yi", anchor=anchor)
    stray = nodes.below(yi, "city.bing", anchor=anchor)

    assert set(chain(jia, city).metadata) == {"federation_entity", "openid_relying_party"}
    with pytest.raises(FederationError):
        chain(jia, stray)


def test_keys_roll_over_without_anybody_noticing(jia: Node, yi: Node, anchor: Node) -> None:
    chain(jia, yi)
    old = yi.thumbprint
    with yi.app.app_context():
        yi.services.keys.rotate([FEDERATION])
        yi.services.trust.forget()
    assert yi.thumbprint == old, "the next one waits"
    with anchor.app.app_context():
        trust, outbound = anchor.services.trust, anchor.services.outbound
        found = admission.configuration(trust, outbound, yi.url, old)
        admission.take_keys(trust, found, LIU)

    with yi.app.app_context():
        yi.services.keys.use_next(FEDERATION)
        yi.services.trust.forget()

    assert yi.thumbprint != old
    with later(SOFT):
        assert chain(jia, yi).statements[0].signed.kid == yi.thumbprint


def test_a_key_its_superior_dropped_is_worth_nothing(jia: Node, yi: Node, anchor: Node) -> None:
    with yi.app.app_context():
        yi.services.keys.rotate([FEDERATION])
        yi.services.trust.forget()
    with anchor.app.app_context():
        trust, outbound = anchor.services.trust, anchor.services.outbound
        found = admission.configuration(trust, outbound, yi.url, yi.thumbprint)
        admission.take_keys(trust, found, LIU)
        admission.drop_key(yi.url, yi.thumbprint, LIU)

    with pytest.raises(FederationError):
        chain(jia, yi)


def test_who_never_answered_is_told_apart_from_whom_nobody_trusts(jia: Node, yi: Node) -> None:
    yi.goes_down()

    with pytest.raises(Unreachable) as refused:
        chain(jia, yi)
    assert refused.value.transient


def _not_found(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/html")])
    return [b"<h1>404</h1>"]


def test_few_threads_wait_for_others_and_people_who_need_none_go_on(
    jia: Node, yi: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarter of them: eight threads, two places."""
    waiting, held = jia.services.trust.waiting, threading.Event()
    began = threading.Barrier(3)

    def takes_a_place() -> None:
        with waiting.place():
            began.wait()
            held.wait()

    threads = [threading.Thread(target=takes_a_place) for _ in range(2)]
    for thread in threads:
        thread.start()
    began.wait()
    try:
        with pytest.raises(Unreachable) as refused:
            chain(jia, yi)
        assert refused.value.reason == "busy"
    finally:
        held.set()
        for thread in threads:
            thread.join()
    assert chain(jia, yi).subject == yi.url, "being busy is no reason to refuse it later"
