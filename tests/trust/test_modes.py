"""分建, 统分 and 统建 (国办函〔2016〕108号): three configurations, and one story for all."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.store import subordinates
from idp.store.accounts import Account
from idp.store.engines import db
from tests.oidc.actors import Portal
from tests.trust.nodes import Node, Nodes
from tests.trust.signalling import delivers, listens
from tests.trust.test_brokering import citizen, id_token, knows, portal, starts
from tests.trust.test_signals import stops_them
from tests.trust.traveller import Traveller

ROOT = Path(__file__).parent.parent.parent
CITY = {"name": "甲州市民中心", "colour": "#8a1c1c"}


@dataclass
class Mode:
    """A province, a city in it, where a portal of the city signs people in, and where they are."""

    name: str
    province: Node
    city: Node | None
    portal_at: Node
    home: Node
    shebao: Portal

    def signs_in(self, username: str = "wangxm") -> Traveller:
        nodes = (self.province.url, *([self.city.url] if self.city else []))
        wang = Traveller(*nodes).opens(starts(self.portal_at, self.shebao))
        assert wang.at.startswith(self.home.url)
        return wang.signs_in(username)


def split(nodes: Nodes, anchor: Node) -> Mode:
    """Each level has accounts and a page of its own."""
    province = nodes.below(anchor, "jia", federation={"role": "intermediate"}, node=NODE)
    both = ["openid_provider", "openid_relying_party"]
    city = nodes.below(
        province, "jiazhou", anchor=anchor, node=CITY, limits={"allowed_entity_types": both}
    )
    return Mode("分建", province, city, city, city, portal(city))


def unified_split(nodes: Nodes, anchor: Node) -> Mode:
    """Accounts are the province's; the city's portals show its page in the city's dress."""
    city_url = nodes.reserve("jiazhou")
    province = nodes.below(
        anchor, "jia", federation={"role": "intermediate"}, node=NODE, dresses={city_url: CITY}
    )
    rp_only = {"allowed_entity_types": ["openid_relying_party"]}
    city = nodes.below(
        province,
        "jiazhou",
        anchor=anchor,
        limits=rp_only,
        node=CITY,
        federation={"home": province.url, "provider": False},
    )
    return Mode("统分", province, city, city, province, portal(city))


def unified(nodes: Nodes, anchor: Node) -> Mode:
    """Accounts and page are the province's; a city is a relying party and nothing else."""
    dresses = {"jiazhou": CITY}
    province = nodes.below(anchor, "jia", node=NODE, dresses=dresses)
    return Mode("统建", province, None, province, province, portal(province, dress="jiazhou"))


NODE = {"name": "甲省政务服务", "region": "330000"}
MODES = {"split": split, "unified-split": unified_split, "unified": unified}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, nodes: Nodes, anchor: Node) -> Mode:
    made: Callable[[Nodes, Node], Mode] = MODES[request.param]
    return made(nodes, anchor)


def test_a_person_of_the_city_signs_in_to_a_portal_of_the_city(mode: Mode) -> None:
    citizen(mode.home)

    wang = mode.signs_in().presses("consent-allow")
    if not wang.at.startswith(mode.shebao.redirect_uri):
        wang.presses("consent-allow")  # what the city's own portal asks

    assert wang.at.startswith(mode.shebao.redirect_uri)
    told = id_token(mode.portal_at, mode.shebao, wang.arrived["code"])
    assert told["iss"] == mode.portal_at.url


def test_who_has_signed_in_once_is_known_again(mode: Mode) -> None:
    citizen(mode.home)
    subs = []
    for _ in range(2):
        wang = mode.signs_in()
        while not wang.at.startswith(mode.shebao.redirect_uri):
            wang.presses("consent-allow")
        subs.append(id_token(mode.portal_at, mode.shebao, wang.arrived["code"])["sub"])

    assert subs[0] == subs[1]


def test_the_page_wears_the_city_s_dress_whoever_shows_it(mode: Mode) -> None:
    nodes = (mode.province.url, *([mode.city.url] if mode.city else []))
    wang = Traveller(*nodes).opens(starts(mode.portal_at, mode.shebao))

    assert "甲州市民中心" in wang.text
    assert "#8a1c1c" in wang.text
    assert "iframe" not in wang.text


def test_signing_up_and_getting_back_in_are_where_the_accounts_are(mode: Mode) -> None:
    for page in ("/signup/", "/recover/"):
        wang = Traveller(mode.portal_at.url, mode.home.url).opens(mode.portal_at.url + page)
        assert wang.at.startswith(f"{mode.home.url}{page}")


def test_who_is_stopped_is_signed_out_wherever_the_accounts_are(mode: Mode) -> None:
    account_id = citizen(mode.home)
    wang = mode.signs_in()
    while not wang.at.startswith(mode.shebao.redirect_uri):
        wang.presses("consent-allow")
    for node in filter(None, (mode.province, mode.city)):
        listens(node)
    assert "code" in wang.opens(starts(mode.portal_at, mode.shebao)).arrived

    stops_them(mode.home, account_id)
    delivers(mode.home)

    wang.opens(starts(mode.portal_at, mode.shebao))
    assert wang.at.startswith(mode.home.url), "nobody is signed in any more"


def test_accounts_with_numbers_and_passwords_are_in_one_place(mode: Mode) -> None:
    citizen(mode.home)
    mode.signs_in()

    for node in filter(None, (mode.province, mode.city)):
        with node.app.app_context():
            found = db.session.scalars(db.select(Account)).all()
            own = [each for each in found if each.phone or each.password_hash]
            assert len(own) == (1 if node is mode.home else 0)


def test_a_city_that_is_to_be_a_relying_party_cannot_pass_for_a_provider(
    nodes: Nodes, anchor: Node
) -> None:
    """The superior enforces the mode, whatever the city says of itself (统分)."""
    made = unified_split(nodes, anchor)
    assert made.city is not None
    with made.province.app.app_context():
        chain = made.province.services.trust.chain(made.city.url)
        assert "openid_provider" not in chain.metadata
        (row,) = subordinates.all_of()
        assert row.constraints == {"allowed_entity_types": ["openid_relying_party"]}


def test_a_portal_of_the_province_is_used_with_an_account_of_the_city(
    nodes: Nodes, anchor: Node
) -> None:
    """分建: the other level is asked (交叉验证)."""
    made = split(nodes, anchor)
    assert made.city is not None
    citizen(made.city)
    assert knows(made.province) == [made.city.url]
    gjj = portal(made.province)
    wang = Traveller(made.province.url, made.city.url).opens(starts(made.province, gjj))

    wang.follows("other-region").chooses_region("jiazhou")
    wang.signs_in("wangxm").presses("consent-allow").presses("region-guest")
    wang.presses("agreement-submit", agree="yes").presses("consent-allow")

    assert wang.at.startswith(gjj.redirect_uri)


def test_no_module_but_the_settings_names_a_build_mode() -> None:
    """One mechanism: words of the modes stand in settings and in comments, never in code."""
    names = {"分建", "统分", "统建", "unified_split", "unified-split", "build_mode"}
    for file in (ROOT / "idp").rglob("*.py"):
        if file.name == "settings.py":
            continue
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            said = _said(node)
            assert said not in names, f"{file.name} decides by {said}"


def _said(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
