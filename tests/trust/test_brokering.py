"""One sign-in at home opens a portal in another province (flow F2): there, back, and no further."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from joserfc import jws

from idp import homes, identities
from idp.federation.errors import Unreachable
from idp.realname import documents
from idp.store import accounts, clients, peer_links, peers, statements, subordinates
from idp.store import identities as identity_store
from idp.store.engines import db
from idp.store.identities import Proof
from idp.store.outbox import OutboxMessage
from idp.trust import admission, directory
from tests.oidc.actors import NAME, NUMBER, Portal, registered, with_account
from tests.trust.nodes import LIU, Node, Nodes
from tests.trust.traveller import Traveller


@pytest.fixture
def province(nodes: Nodes, anchor: Node) -> Callable[..., Node]:
    """``province("jia", "330000")``: with the marks of a gateway."""
    return partial(nodes.province, anchor)


@pytest.fixture
def jia(province: Callable[..., Node]) -> Node:
    return province("jia", "330000")


@pytest.fixture
def yi(province: Callable[..., Node]) -> Node:
    return province("yi", "440000")


def knows(node: Node) -> list[str]:
    """What the worker does now and then: which regions there are."""
    with node.app.app_context():
        directory.refresh(node.services.trust, node.services.outbound)
        return [peer.entity_id for peer in peers.all_peers()]


def portal(node: Node, **more: Any) -> Portal:
    with node.app.app_context():
        return registered(node.app, "shebao", **more)


def citizen(
    node: Node,
    username: str = "wangxm",
    phone: str | None = "+8613800000001",
    *,
    face: bool = False,
    name: str = NAME,
    number: str = NUMBER,
) -> str:
    """Somebody with an account at a node; its id."""
    with node.app.app_context():
        person = with_account(node.app, username, phone)
    if face:
        shows_a_face(node, person.account_id, name, number)
    return person.account_id


def shows_a_face(node: Node, account_id: str, name: str = NAME, number: str = NUMBER) -> None:
    with node.app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        document = documents.read(documents.RESIDENT, number)
        whose = identity_store.Person(name, document.kind, document.number, document.key)
        proof = Proof("face", "tencent", "ref-1", 3)
        identities.bind(account, identities.Confirmed(whose, proof))


def starts(node: Node, at: Portal, **asked: Any) -> str:
    return f"{node.url}{at.url(**asked)}"


def id_token(node: Node, at: Portal, code: str) -> dict[str, Any]:
    token = at.redeems(code).get_json()["id_token"]
    found: dict[str, Any] = orjson.loads(jws.extract_compact(token.encode()).payload)
    return found


def comes_from(home: Node, to: Node, at: Portal, **asked: Any) -> Traveller:
    """As far as the page that asks whether there is an account here."""
    wang = Traveller(home.url, to.url)
    wang.opens(starts(to, at, **asked)).follows("other-region").chooses_region(home.name)
    return wang.signs_in("wangxm").presses("consent-allow")


def test_a_person_of_one_province_signs_in_to_a_portal_of_another(jia: Node, yi: Node) -> None:
    citizen(jia)
    assert knows(yi) == [jia.url]
    shebao = portal(yi)

    wang = comes_from(jia, yi, shebao)

    assert "首次使用异地账号" in wang.text and "jia省政务服务" in wang.text
    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")
    assert wang.at.startswith(shebao.redirect_uri)
    told = id_token(yi, shebao, wang.arrived["code"])
    assert (told["iss"], told["acr"]) == (yi.url, "ial1.aal1")
    assert "fed" in told["amr"] and "pwd" in told["amr"]


def test_the_second_time_nothing_is_asked_but_the_sign_in(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")
    first = id_token(yi, shebao, wang.arrived["code"])["sub"]

    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    again.signs_in("wangxm")

    assert id_token(yi, shebao, again.arrived["code"])["sub"] == first


def test_no_number_and_no_name_of_the_home_s_account_is_known_there(jia: Node, yi: Node) -> None:
    account_id = citizen(jia)
    knows(yi)
    shebao = portal(yi)
    comes_from(jia, yi, shebao).presses("region-guest")

    with jia.app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        sub = accounts.known_subject(account_id, yi.url)
    with yi.app.app_context():
        link = peer_links.find(jia.url, str(sub))
        assert link is not None
        guest = accounts.by_id(link.account_id)
        assert guest is not None
        assert (guest.phone, guest.username, guest.password_hash) == (None, None, None)
        assert link.account_id != account_id


def test_a_level_is_believed_as_far_as_the_home_is_accredited(
    province: Callable[..., Node], yi: Node
) -> None:
    low = province("bing", "350000", "gateway", "ial/2", "aal/1")
    citizen(low, face=True)
    knows(yi)
    shebao = portal(yi)

    wang = comes_from(low, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")

    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial2.aal1"


def test_a_verified_name_comes_along_and_no_number(jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    knows(yi)
    shebao = portal(yi, scope="openid realname", sensitive_claims=["real_name"])

    wang = comes_from(jia, yi, shebao, scope="openid realname")
    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")

    answer = shebao.redeems(wang.arrived["code"]).get_json()
    told = shebao.http.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"}
    ).get_json()
    assert told["real_name"] == NAME
    with yi.app.app_context():
        (link,) = db.session.scalars(db.select(peer_links.PeerLink)).all()
        assert link.verified is not None
        assert NUMBER not in str(link.verified)


def test_who_has_an_account_there_shows_it_and_has_one_from_then_on(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    here = citizen(yi, "wangyi", None)
    shebao = portal(yi)

    wang = comes_from(jia, yi, shebao)
    wang.follows("region-mine").signs_in("wangyi")
    assert "关联异地账号" in wang.text
    wang.presses("region-link-yes").presses("consent-allow")
    assert wang.at.startswith(shebao.redirect_uri)

    with yi.app.app_context():
        (link,) = peer_links.of(here)
        assert (link.issuer, link.binding) == (jia.url, "both-accounts")
    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    again.signs_in("wangxm")
    assert again.at.startswith(shebao.redirect_uri)


def test_who_would_not_link_is_signed_in_all_the_same(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    here = citizen(yi, "wangyi", None)
    shebao = portal(yi)

    wang = comes_from(jia, yi, shebao)
    wang.follows("region-mine").signs_in("wangyi").presses("region-link-no")
    wang.presses("consent-allow")

    assert wang.at.startswith(shebao.redirect_uri)
    with yi.app.app_context():
        assert peer_links.of(here) == []


def test_a_level_the_home_has_not_said_is_asked_for_there(jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    knows(yi)
    shebao = portal(yi)

    wang = comes_from(jia, yi, shebao, acr_values="ial3.aal1")

    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")
    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial3.aal1"


def test_a_node_without_the_gateway_s_mark_is_not_in_the_list(
    province: Callable[..., Node], yi: Node
) -> None:
    province("ding", "360000", "ial/3")

    assert knows(yi) == []


def test_the_list_is_searched_by_name_and_by_pinyin(jia: Node, yi: Node) -> None:
    knows(yi)
    wang = Traveller(jia.url, yi.url).opens(starts(yi, portal(yi))).follows("other-region")
    assert "浙江省" in wang.text

    for asked in ("浙江", "zhe", "ZheJiang", "jia省"):
        wang.presses("region-search", q=asked)
        assert 'id="region-1"' in wang.text, asked
    wang.presses("region-search", q="广东")
    assert "没有找到" in wang.text
    wang.follows("all-regions").chooses_region("jia")
    assert wang.at.startswith(jia.url)


def test_the_region_chosen_before_comes_first(
    province: Callable[..., Node], jia: Node, yi: Node
) -> None:
    wu = province("wu", "340000")  # anhui comes before zhejiang
    knows(yi)
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url, wu.url).opens(starts(yi, shebao)).follows("other-region")
    assert wang.text.index("wu省") < wang.text.index("jia省")

    wang.chooses_region("jia")
    wang.opens(starts(yi, shebao)).follows("other-region")

    assert wang.text.index("jia省") < wang.text.index("wu省")
    assert "上次选择" in wang.text


def test_who_declines_at_home_is_back_with_the_list_and_loses_nothing(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url)
    wang.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")

    wang.signs_in("wangxm").presses("consent-deny")

    assert "HT-8233" in wang.text
    wang.chooses_region("jia")
    assert wang.at.startswith(jia.url)


def test_a_home_that_is_away_is_said_so_and_other_ways_stay_open(jia: Node, yi: Node) -> None:
    knows(yi)
    jia.goes_down()
    shebao = portal(yi)
    citizen(yi, "wangyi")
    wang = Traveller(jia.url, yi.url)

    wang.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")

    assert "HT-8232" in wang.text
    wang.opens(starts(yi, shebao)).signs_in("wangyi").presses("consent-allow")
    assert wang.at.startswith(shebao.redirect_uri)


def test_a_callback_is_worth_nothing_in_another_browser_or_a_second_time(
    jia: Node, yi: Node
) -> None:
    citizen(jia)
    knows(yi)
    wang = comes_from(jia, yi, portal(yi))
    callback = next(url for url in wang.trail if "/login/region/callback" in url)

    assert "HT-8242" in Traveller(yi.url).opens(callback).text
    assert "HT-8242" in wang.opens(callback).text


def test_an_answer_that_names_another_issuer_is_refused(jia: Node, yi: Node) -> None:
    """Mix-up: RFC 9207 §2.4."""
    citizen(jia)
    knows(yi)
    wang = Traveller(jia.url, yi.url)
    wang.opens(starts(yi, portal(yi))).follows("other-region").chooses_region("jia")
    wang.nodes = (jia.url,)
    wang.signs_in("wangxm").presses("consent-allow")
    wang.nodes = (jia.url, yi.url)
    forged = wang.at.replace("iss=http%3A%2F%2Fjia", "iss=http%3A%2F%2Fevil")
    assert forged != wang.at

    wang.opens(forged)

    assert "HT-8234" in wang.text


def test_a_province_never_brokers_to_itself_nor_in_circles(jia: Node, yi: Node) -> None:
    knows(yi)
    knows(jia)
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url)
    wang.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    wang.follows("other-region").chooses_region("yi")

    assert "HT-8235" in wang.text


def test_a_sign_in_across_provinces_costs_two_calls_once_warm(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes").presses("consent-allow")
    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region")
    jia.asked.clear()

    again.chooses_region("jia").signs_in("wangxm")

    asked = [path for path in jia.asked if not path.startswith(("/login", "/static", "/consent"))]
    assert asked.count("/oauth/par") == asked.count("/oauth/token") == 1
    assert set(asked) == {"/oauth/par", "/oauth/authorize", "/oauth/token"}


def test_by_the_hub_where_a_province_is_not_open_to_another(
    nodes: Nodes, anchor: Node, province: Callable[..., Node]
) -> None:
    hub = province("hub", "000000")
    jia = province("jia", "330000")
    yi = province(
        "yi", "440000", federation={"hub": hub.url, "routes": ["direct", "hub"], "max_hops": 3}
    )
    citizen(jia, face=True)
    assert set(knows(yi)) == {hub.url, jia.url}
    knows(hub)
    with jia.app.app_context():  # which sees nobody of yi's, and so the way leads by the hub
        jia.services.settings.federation.ceilings[yi.url] = "deny"
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url, hub.url)

    wang.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    assert wang.at.startswith(jia.url), "the hub has asked nothing"
    wang.signs_in("wangxm").presses("consent-allow")
    wang.presses("region-guest").presses("agreement-submit", agree="yes")  # at the hub
    wang.presses("consent-allow")
    wang.presses("region-guest").presses("agreement-submit", agree="yes")  # at yi
    wang.presses("consent-allow")

    assert wang.at.startswith(shebao.redirect_uri)
    told = id_token(yi, shebao, wang.arrived["code"])
    assert told["acr"] == "ial3.aal1"
    with yi.app.app_context():
        (link,) = db.session.scalars(db.select(peer_links.PeerLink)).all()
        assert link.issuer == hub.url
        assert link.verified is not None
        assert link.verified["authority"] == jia.url


def test_sessions_end_with_the_trust_in_who_began_them(anchor: Node, jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow").opens(starts(yi, shebao))
    assert "code" in wang.arrived, "signed in already"
    _suspends(anchor, jia, yi)

    wang.opens(starts(yi, shebao))

    assert "/login/" in wang.at
    wang.opens(f"{yi.url}/account/")
    assert "/login/" in wang.at


def test_the_worker_ends_them_and_tells_the_portals(anchor: Node, jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi, backchannel_logout_uri="https://shebao.test/logout")
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow")
    shebao.redeems(wang.arrived["code"])
    with yi.app.app_context():
        assert homes.end_untrusted() == 0
    _suspends(anchor, jia, yi)

    with yi.app.app_context():
        assert homes.end_untrusted() == 1
        kinds = [row.kind for row in db.session.scalars(db.select(OutboxMessage))]
    assert "backchannel-logout" in kinds
    wang.opens(f"{yi.url}/account/")
    assert "/login/" in wang.at


def test_a_home_that_loses_a_mark_is_worth_less_at_once(anchor: Node, jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow")
    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial3.aal1"
    with anchor.app.app_context():
        anchor.services.trust.given.revoke("ial/3", jia.url, LIU)
    _hears(yi)

    wang.opens(starts(yi, shebao))

    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial1.aal1"


def test_a_link_is_cut_and_does_not_come_back_by_itself(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    citizen(yi, "wangyi", None)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.follows("region-mine").signs_in("wangyi").presses("region-link-yes")
    wang.presses("consent-allow").opens(f"{yi.url}/account/peers")
    assert "jia省政务服务" in wang.text

    wang.follows("sever-1")
    assert "jia省政务服务" not in wang.text, "both factors are shown first"
    wang.follows("other-region").chooses_region("jia").signs_in("wangxm")
    wang.presses("peer-remove")

    assert "已解除关联" in wang.text
    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    again.signs_in("wangxm")
    assert "HT-8243" in again.text
    again.follows("region-mine").signs_in("wangyi").presses("region-link-yes")
    assert again.at.startswith(shebao.redirect_uri)


def _suspends(anchor: Node, whom: Node, hears: Node) -> None:
    with anchor.app.app_context():
        admission.suspend(whom.url, LIU)
    _hears(hears)


def _hears(node: Node) -> None:
    with node.app.app_context():
        statements.forget_all()
    node.forgets_what_it_knows()


def test_a_home_that_hangs_is_left_alone_after_a_few(
    jia: Node, yi: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(yi)
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url)
    wang.opens(starts(yi, shebao)).follows("other-region")
    jia.goes_down()
    for _ in range(5):
        wang.chooses_region("jia")
    calls: list[str] = []
    foreign_post = yi.services.outbound.foreign_post
    monkeypatch.setattr(
        type(yi.services.outbound),
        "foreign_post",
        lambda self, url, form: calls.append(url) or foreign_post(url, form),
    )

    wang.chooses_region("jia")

    assert "HT-8232" in wang.text
    assert calls == []


def test_a_portal_that_wants_a_fresh_sign_in_gets_one_at_home(jia: Node, yi: Node) -> None:
    """Somebody signed in at home is asked all the same, and once."""
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow")

    wang.opens(starts(yi, shebao, prompt="login")).follows("other-region").chooses_region("jia")
    assert wang.at.startswith(jia.url), "not passed on by the session there"
    wang.signs_in("wangxm")

    assert wang.at.startswith(shebao.redirect_uri)
    told = id_token(yi, shebao, wang.arrived["code"])
    assert time.time() - told["auth_time"] < 30


def test_a_higher_level_is_fetched_from_home_and_brought_back(jia: Node, yi: Node) -> None:
    account_id = citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow")
    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial1.aal1"
    shows_a_face(jia, account_id)

    wang.opens(starts(yi, shebao, acr_values="ial3.aal1"))
    assert "需要更高的认证级别" in wang.text and "jia省政务服务" in wang.text
    wang.presses("region-home").signs_in("wangxm")
    if not wang.at.startswith(shebao.redirect_uri):
        wang.presses("consent-allow")

    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial3.aal1"


def test_who_would_not_go_home_for_more_goes_on_with_what_there_is(jia: Node, yi: Node) -> None:
    citizen(jia)
    knows(yi)
    shebao = portal(yi)
    wang = comes_from(jia, yi, shebao)
    wang.presses("region-guest").presses("agreement-submit", agree="yes")
    wang.presses("consent-allow")

    wang.opens(starts(yi, shebao, acr_values="ial3.aal1")).presses("region-decline")

    assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial1.aal1"


def test_one_factor_of_two_links_nothing(jia: Node, yi: Node) -> None:
    """Phone and password: the password alone may not add a third way in."""
    citizen(jia)
    knows(yi)
    here_ = citizen(yi, "wangyi")
    wang = comes_from(jia, yi, portal(yi))

    wang.follows("region-mine").signs_in("wangyi").presses("region-link-yes")

    assert "/login/" in wang.at and "login-submit" not in wang.at
    with yi.app.app_context():
        assert peer_links.of(here_) == []


def test_a_session_that_was_there_before_is_linked_to_no_stranger(jia: Node, yi: Node) -> None:
    """Another one's, perhaps, who has just left a shared computer."""
    citizen(jia)
    knows(yi)
    here_ = citizen(yi, "wangyi", None)
    shebao = portal(yi)
    wang = Traveller(jia.url, yi.url)
    wang.opens(f"{yi.url}/account/").signs_in("wangyi")
    wang.opens(starts(yi, shebao, prompt="login")).follows("other-region").chooses_region("jia")
    wang.signs_in("wangxm").presses("consent-allow")
    assert "首次使用异地账号" in wang.text

    wang.opens(wang.at.replace("/region/first", "/region/link"))

    assert "region-link-yes" not in wang.text
    with yi.app.app_context():
        assert peer_links.of(here_) == []


def test_a_home_comes_back_though_people_never_stopped_trying(jia: Node, yi: Node) -> None:
    knows(yi)
    wang = Traveller(jia.url, yi.url).opens(starts(yi, portal(yi))).follows("other-region")
    port = jia.port
    jia.goes_down()
    for _ in range(5):
        wang.chooses_region("jia")
    jia.port = port
    jia.goes_up()
    breaker = yi.services.trust.waiting._breaker(jia.url)
    breaker._again = time.monotonic() + 1.0
    for _ in range(3):
        wang.chooses_region("jia")
        assert "HT-8232" in wang.text
    time.sleep(1.1)

    wang.chooses_region("jia")

    assert wang.at.startswith(jia.url)


def test_that_all_places_are_taken_is_not_a_home_s_failure(jia: Node, yi: Node) -> None:
    waiting = yi.services.trust.waiting
    with waiting.place(), waiting.place():
        for _ in range(6):
            with pytest.raises(Unreachable), waiting.asking(jia.url):
                raise AssertionError("there was a place")

    assert not waiting._breaker(jia.url).open


def test_one_place_begins_only_so_many_ways(province: Callable[..., Node], jia: Node) -> None:
    yi = province("yi", "440000", login={"region_requests": 2})
    knows(yi)
    wang = Traveller(jia.url, yi.url)
    jia.asked.clear()
    for _ in range(3):
        wang.opens(starts(yi, wang_portal(yi))).follows("other-region").chooses_region("jia")

    assert "HT-8246" in wang.text
    assert jia.asked.count("/oauth/par") == 2


def test_a_home_whose_page_is_no_address_is_not_gone_to(anchor: Node, jia: Node, yi: Node) -> None:
    knows(yi)
    with anchor.app.app_context():
        row = subordinates.locked(jia.url)
        assert row is not None
        row.metadata_ = {"openid_provider": {"authorization_endpoint": "javascript:alert(1)"}}
        db.session.commit()
    _hears(yi)
    wang = Traveller(jia.url, yi.url).opens(starts(yi, portal(yi))).follows("other-region")

    wang.chooses_region("jia")

    assert "HT-8231" in wang.text and "javascript:" not in wang.text


def wang_portal(node: Node) -> Portal:
    """A portal, the same each time."""
    with node.app.app_context():
        known = clients.look_up("shebao")
    if known is None:
        return portal(node)
    return Portal(node.app, "shebao", "", known.redirect_uris[0])
