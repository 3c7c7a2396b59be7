"""What a federation needs remembered, on both pairs of engines."""

import time
from datetime import timedelta

import flask
import pytest

from idp.store import handles, past_keys, peer_links, peers, statements, subordinates, trust_epoch
from idp.store import trust_marks as marks
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.peer_links import LinkMade, PeerLink
from idp.store.peers import Peer
from idp.store.subordinates import Subordinate
from idp.store.trust_marks import GivenMark
from idp.store.types import now

JIA, YI = "https://id.jia.example", "https://id.yi.example"


def account() -> str:
    made = Account()
    db.session.add(made)
    db.session.commit()
    return made.id


def test_a_statement_is_kept_until_it_ends_and_replaced_by_a_newer_one(inside: flask.Flask) -> None:
    url = f"{JIA}/.well-known/openid-federation"
    assert statements.find(url) is None
    statements.keep(url, "first", time.time() + 60)
    statements.keep(url, "second", time.time() + 60)

    found = statements.find(url)
    assert found is not None and found.token == "second"

    statements.keep(url, "old", time.time() - 1)
    assert statements.find(url) is None
    statements.keep(url, "again", time.time() + 60)
    statements.forget(url)
    assert statements.find(url) is None


def test_an_entity_is_found_by_its_state(inside: flask.Flask) -> None:
    for entity, status in ((JIA, subordinates.ACTIVE), (YI, subordinates.SUSPENDED)):
        row = Subordinate(entity_id=entity, status=status, entity_types=["x"], jwks={"keys": []})
        db.session.add(row)
    db.session.commit()

    assert [row.entity_id for row in subordinates.all_of(subordinates.ACTIVE)] == [JIA]
    assert [row.entity_id for row in subordinates.all_of()] == [JIA, YI]
    locked = subordinates.locked(YI)
    assert locked is not None and locked.status == subordinates.SUSPENDED


def test_a_mark_given_anew_ends_the_one_before(inside: flask.Flask) -> None:
    for _ in range(2):
        marks.give(GivenMark(type="t", subject=JIA, claims={}, officer="1"))
        db.session.commit()

    assert len(marks.of("t", JIA)) == 1
    assert len(marks.of_subject(JIA)) == 2
    assert marks.bearers("t") == marks.bearers("") == [JIA]
    assert marks.bearers("t", YI) == marks.bearers("other") == []


def test_a_mark_that_ran_out_is_nobody_s(inside: flask.Flask) -> None:
    until = now() - timedelta(seconds=1)
    marks.give(GivenMark(type="t", subject=JIA, claims={}, officer="1", until=until))
    db.session.commit()

    assert marks.of("t", JIA) == []


def test_a_held_mark_is_replaced_and_dropped(inside: flask.Flask) -> None:
    marks.hold("t", JIA, "first", None)
    marks.hold("t", JIA, "second", now() + timedelta(days=1))
    (held,) = marks.held()
    assert held.token == "second" and held.expires_at is not None

    marks.drop("t")
    assert marks.held() == []


def test_past_keys_are_told_the_latest_first(inside: flask.Flask) -> None:
    for kid in ("a", "b"):
        past_keys.add(db.session(), {"kid": kid}, now(), past_keys.SUPERSEDED)
        db.session.commit()

    assert [key.kid for key in past_keys.all_keys()] == ["b", "a"]


def test_the_list_of_peers_is_replaced_as_a_whole(inside: flask.Flask) -> None:
    peers.replace_all([Peer(entity_id=JIA, name="甲", region="330000")])
    peers.replace_all(
        [
            Peer(entity_id=YI, name="乙", region="440000"),
            Peer(entity_id=JIA, name="甲", region="330000"),
        ]
    )

    assert [peer.entity_id for peer in peers.all_peers()] == [JIA, YI]


def test_one_person_of_a_home_is_linked_once(inside: flask.Flask) -> None:
    first, second = account(), account()
    claims = {"claims": {"name": "王小明"}, "authority": JIA, "ial": 3, "at": 1}
    link = PeerLink(
        account_id=first, issuer=JIA, subject="s", binding="guest", level="ial3.aal1", used_at=now()
    )
    link.verified = claims
    peer_links.add(link)
    db.session.commit()

    with pytest.raises(LinkMade):
        again = PeerLink(
            account_id=second, issuer=JIA, subject="s", binding="guest", level="ial1.aal1"
        )
        peer_links.add(again)

    found = peer_links.find(JIA, "s")
    assert found is not None and found.verified == claims
    assert list(peer_links.issuers()) == [JIA]
    assert list(peer_links.accounts_of(JIA, now() - timedelta(hours=1))) == [first]
    guest = peer_links.of_guest(first)
    assert guest is not None and guest.id == found.id
    peer_links.erase(first)
    assert peer_links.of(first) == []


def test_a_handle_goes_with_who_has_the_document_now(inside: flask.Flask) -> None:
    first, second = account(), account()
    handles.keep(first, "h", "k1", "identity-1")
    handles.keep(second, "h", "k1", "identity-2")
    db.session.commit()

    found = handles.account_of("h", "k1")
    assert found is not None and found.account_id == second
    assert handles.of(first) is None
    handles.keep(second, "h2", "k2", "identity-2")
    db.session.commit()
    assert handles.account_of("h", "k1") is None


def test_who_was_told_is_remembered_once(inside: flask.Flask) -> None:
    person = account()
    for _ in range(2):
        handles.note_told(person, JIA)
        db.session.commit()

    assert [row.destination for row in handles.told(person)] == [JIA]
    assert handles.was_told(person, JIA, now() + timedelta(seconds=1))
    assert not handles.was_told(person, JIA, now() - timedelta(hours=1))
    assert not handles.was_told(person, YI, now() + timedelta(seconds=1))
    handles.erase(person)
    assert handles.told(person) == []


def test_trust_has_changed_whenever_somebody_says_so(inside: flask.Flask) -> None:
    before = trust_epoch.current()

    assert trust_epoch.advance() == before + 1 == trust_epoch.current()
