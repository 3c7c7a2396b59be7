"""The same person in two provinces, known without a number between them (federation §6)."""

import io
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest

from idp.federation import handles
from idp.federation.errors import FederationError
from idp.keys import CLIENT
from idp.signals import deliveries
from idp.store import handles as store
from idp.store import peer_links
from idp.store.engines import db
from idp.store.handles import PersonHandle
from idp.store.peer_links import PeerLink
from idp.trust import letters
from tests.oidc.actors import NAME, NUMBER
from tests.trust.nodes import Node, Nodes
from tests.trust.test_brokering import citizen, comes_from, knows, portal, starts
from tests.trust.traveller import Traveller


@pytest.fixture
def anchor(nodes: Nodes) -> Node:
    """The national node: anchor, giver of marks, and linking service."""
    return nodes.anchor(links=True)


@pytest.fixture
def province(nodes: Nodes, anchor: Node) -> Callable[..., Node]:
    def made(name: str, region: str) -> Node:
        marks = ("gateway", "ial/3", "aal/2")
        wanted = [{"type": f"{anchor.url}/tm/{each}", "issuer": anchor.url} for each in marks]
        node = nodes.below(
            anchor,
            name,
            federation={"marks": wanted, "linking": anchor.url},
            node={"name": f"{name}省政务服务", "region": region},
        )
        anchor.marks(node, *marks)
        node.refreshes_its_marks()
        return node

    return made


@pytest.fixture
def jia(province: Callable[..., Node]) -> Node:
    return province("jia", "330000")


@pytest.fixture
def yi(province: Callable[..., Node]) -> Node:
    return province("yi", "440000")


def learns(node: Node) -> None:
    """What the worker does with what waits."""
    with node.app.app_context():
        deliveries.deliver_due()


def links(node: Node) -> list[tuple[str, str]]:
    with node.app.app_context():
        rows = db.session.scalars(db.select(PeerLink)).all()
        return [(row.account_id, row.binding) for row in rows]


def test_the_account_of_the_same_person_is_found_by_itself(jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    here = citizen(yi, "wangyi", face=True)
    learns(yi)
    knows(yi)
    shebao = portal(yi)

    wang = comes_from(jia, yi, shebao).presses("consent-allow")

    assert wang.at.startswith(shebao.redirect_uri), "no question in between"
    assert links(yi) == [(here, "handle")]


def test_whose_name_is_another_is_asked_and_not_linked(jia: Node, yi: Node) -> None:
    """A name that was changed in one province, or somebody's fraud: not for a program to say."""
    citizen(jia, face=True)
    citizen(yi, "wangyi", face=True, name="王晓明")
    learns(yi)
    knows(yi)

    wang = comes_from(jia, yi, portal(yi))

    assert "首次使用异地账号" in wang.text
    assert links(yi) == []


def test_another_number_links_nobody_whatever_the_name(jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    citizen(yi, "wangyi", face=True, number="110000199003070036")
    learns(yi)
    knows(yi)

    assert "首次使用异地账号" in comes_from(jia, yi, portal(yi)).text
    assert links(yi) == []


def test_without_a_face_on_both_sides_nobody_is_linked_by_itself(jia: Node, yi: Node) -> None:
    citizen(jia)
    citizen(yi, "wangyi", face=True)
    learns(yi)
    knows(yi)

    assert "首次使用异地账号" in comes_from(jia, yi, portal(yi)).text


def test_a_link_that_was_cut_is_not_made_again_by_itself(jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    citizen(yi, "wangyi", face=True)
    learns(yi)
    knows(yi)
    shebao = portal(yi)
    comes_from(jia, yi, shebao).presses("consent-allow")
    with yi.app.app_context():
        (row,) = db.session.scalars(db.select(PeerLink)).all()
        row.status = peer_links.SEVERED
        db.session.commit()

    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    again.signs_in("wangxm")

    assert "HT-8243" in again.text


def test_the_service_is_asked_once_of_a_person_and_a_destination(
    anchor: Node, jia: Node, yi: Node
) -> None:
    citizen(jia, face=True)
    knows(yi)
    shebao = portal(yi)
    comes_from(jia, yi, shebao)
    with jia.app.app_context():
        (told,) = db.session.scalars(db.select(store.ToldHandle)).all()
        told.told_at = told.told_at.replace(year=2020)
        db.session.commit()
    anchor.asked.clear()

    again = Traveller(jia.url, yi.url)
    again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
    again.signs_in("wangxm")

    assert "/federation/handles" not in anchor.asked


def test_where_the_service_is_away_the_person_is_asked(anchor: Node, jia: Node, yi: Node) -> None:
    citizen(jia, face=True)
    citizen(yi, "wangyi", face=True)
    learns(yi)
    knows(yi)
    knows(jia)
    shebao = portal(yi)
    Traveller(jia.url, yi.url).opens(starts(yi, shebao)).follows("other-region").chooses_region(
        "jia"
    )
    anchor.goes_down()

    assert "首次使用异地账号" in comes_from(jia, yi, shebao).text


def test_no_two_provinces_hold_the_same_of_anybody(jia: Node, yi: Node) -> None:
    """Joined on every column, their tables share the name one gave the other, and no more."""
    citizen(jia, face=True)
    citizen(yi, "wangyi", face=True)
    learns(yi)
    learns(jia)
    knows(yi)
    comes_from(jia, yi, portal(yi)).presses("consent-allow")

    shared = _texts(jia) & _texts(yi)

    with yi.app.app_context():
        (row,) = db.session.scalars(db.select(PeerLink)).all()
    assert {value for value in shared if re.fullmatch(r"[\w-]{20,}", value)} == {row.subject}
    assert not {NAME, NUMBER, "+8613800000001"} & shared
    with jia.app.app_context():
        mine = db.session.scalars(db.select(PersonHandle.handle)).all()
    with yi.app.app_context():
        theirs = db.session.scalars(db.select(PersonHandle.handle)).all()
    assert len(mine) == len(theirs) == 1
    assert set(mine).isdisjoint(theirs)


def test_the_number_leaves_for_the_service_alone_and_sealed(
    anchor: Node, jia: Node, yi: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen(jia, face=True)
    seen: list[bytes] = []
    plain = anchor.app.wsgi_app

    def listens(environ: Any, start_response: Any) -> Any:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        seen.append(body)
        environ["wsgi.input"] = io.BytesIO(body)
        return plain(environ, start_response)

    monkeypatch.setattr(anchor.app, "wsgi_app", listens)

    learns(jia)

    assert any(b"letter=" in body for body in seen)
    assert not any(NUMBER.encode() in body or NAME.encode() in body for body in seen)
    with jia.app.app_context():
        (row,) = db.session.scalars(db.select(PersonHandle)).all()
        assert NUMBER not in row.handle


def test_a_letter_is_for_its_destination_its_source_and_once(jia: Node, yi: Node) -> None:
    account = citizen(jia, face=True)
    with jia.app.app_context():
        letter = jia.services.linking.letter_for(account, yi.url)
        assert letter
        with pytest.raises(FederationError):
            jia.services.linking.read(letter, jia.url)
    with yi.app.app_context():
        with pytest.raises(FederationError):
            yi.services.linking.read(letter, "http://evil.localhost:1")
        assert yi.services.linking.read(letter, jia.url)
        with pytest.raises(FederationError):
            yi.services.linking.read(letter, jia.url)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "http://other.localhost:1"},
        {"iss": "http://other.localhost:1"},
        {"exp": 1},
        {"exp": int(time.time()) + 10_000_000},
        {"jti": None},
        {"person": None},
        {"person": {"kind": "resident_id", "number": ""}},
        {"person": {"kind": "resident_id", "number": "1" * 5000}},
        {"destinations": []},
        {"destinations": ["http://a.localhost:1"] * 5},
        {"destinations": "http://a.localhost:1"},
    ],
    ids=[f"case-{number}" for number in range(11)],
)
def test_a_question_that_breaks_a_rule_is_not_answered(
    anchor: Node, jia: Node, change: dict[str, Any]
) -> None:
    assert _asks(anchor, jia, change) == 400


def test_a_question_is_answered_once(anchor: Node, jia: Node) -> None:
    letter = _letter(anchor, jia, {})
    assert anchor.post("/federation/handles", letter=letter).status_code == 200
    assert anchor.post("/federation/handles", letter=letter).status_code == 400


def test_who_is_no_gateway_is_not_answered(nodes: Nodes, anchor: Node) -> None:
    ding = nodes.below(anchor, "ding", federation={"linking": anchor.url})

    assert _asks(anchor, ding, {"destinations": [ding.url]}) == 400


def test_numbers_cannot_be_tried_without_end(nodes: Nodes) -> None:
    anchor = nodes.anchor("guojia", links=True, linking_minute=3)
    mark = {"type": f"{anchor.url}/tm/gateway", "issuer": anchor.url}
    ding = nodes.below(anchor, "ding", federation={"linking": anchor.url, "marks": [mark]})
    anchor.marks(ding, "gateway")
    ding.refreshes_its_marks()

    numbers = [f"11000019900307{each:04d}" for each in range(4)]
    statuses = [
        _asks(anchor, ding, {"person": {"kind": "resident_id", "number": number}})
        for number in numbers
    ]

    assert statuses == [200, 200, 200, 429]


def test_a_node_that_is_not_the_service_answers_nobody(jia: Node) -> None:
    assert jia.post("/federation/handles", letter="x").status_code == 404


def test_two_documents_never_make_the_same_bytes() -> None:
    assert handles.canonical("a", "bc") != handles.canonical("ab", "c")
    assert handles.canonical("k", "11x") == handles.canonical("k", "１１X")


def _asks(service: Node, by: Node, change: dict[str, Any]) -> int:
    letter = _letter(service, by, change)
    return service.post("/federation/handles", letter=letter).status_code


def _letter(service: Node, by: Node, change: dict[str, Any]) -> str:
    now = int(time.time())
    claims = {
        "iss": by.url,
        "aud": service.url,
        "jti": secrets.token_urlsafe(8),
        "iat": now,
        "exp": now + 60,
        "person": {"kind": "resident_id", "number": NUMBER},
        "destinations": [by.url],
        **change,
    }
    with by.app.app_context():
        receiver = by.services.trust.chain(service.url)
        key = by.services.keys.signer(CLIENT)
        return letters.seal(claims, handles.REQUEST, key, receiver)


def _texts(node: Node) -> set[str]:
    """Every text in every column of every table, but the agreements, which are one text, and what
    others publish.
    """
    found = set()
    with node.app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if table.name in {"agreement_acceptance", "fetched_statement"}:
                continue
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'):
                found |= {value for value in row if isinstance(value, str)}
    return found
