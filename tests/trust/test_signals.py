"""What one node says of people and entities, and what follows at the others (flows F5, F6)."""

import time
from datetime import timedelta

import pytest
import time_machine

from idp import closing, freezing, identities, stops
from idp.signals import sets
from idp.staff import Act
from idp.store import accounts, outbox, peer_links, sources, streams
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.trust import admission
from tests.oidc.actors import Portal
from tests.trust.nodes import LIU, Node, Nodes
from tests.trust.signalling import (
    delivers,
    ends_untrusted,
    fetches,
    listens,
    shows_it_is_alive,
    stream_of,
)
from tests.trust.test_brokering import citizen, comes_from, id_token, knows, portal, starts
from tests.trust.traveller import Traveller

BY = Act("4401-0001", "court order")


@pytest.fixture
def jia(nodes: Nodes, anchor: Node) -> Node:
    return nodes.province(anchor, "jia", "330000")


@pytest.fixture
def yi(nodes: Nodes, anchor: Node) -> Node:
    return nodes.province(anchor, "yi", "440000")


@pytest.fixture
def shebao(yi: Node) -> Portal:
    return portal(yi, backchannel_logout_uri="https://shebao.test/logout")


def arrives(jia: Node, yi: Node, shebao: Portal) -> Traveller:
    """A person of jia, signed in at yi as a guest, while yi listens to jia."""
    knows(yi)
    wang = comes_from(jia, yi, shebao).presses("region-guest")
    wang.presses("agreement-submit", agree="yes").presses("consent-allow")
    shebao.redeems(wang.arrived["code"])
    assert jia.url in listens(yi)
    return wang


def is_signed_in(wang: Traveller, node: Node) -> bool:
    return "/login/" not in wang.opens(f"{node.url}/account/").at


def link_of(node: Node) -> peer_links.PeerLink:
    with node.app.app_context():
        return db.session.scalars(db.select(peer_links.PeerLink)).one()


def logouts(node: Node) -> int:
    with node.app.app_context():
        rows = db.session.scalars(
            db.select(outbox.OutboxMessage).filter_by(kind="backchannel-logout")
        )
        return len(rows.all())


def stops_them(node: Node, account_id: str) -> None:
    with node.app.app_context():
        stops.stop(account_id, stops.OTHER, BY)


def goes_on(node: Node, account_id: str) -> None:
    with node.app.app_context():
        stops.lift(account_id, BY)


def erases(node: Node, account_id: str) -> None:
    """What becomes of an account after its holder has closed it, to the end; others hear of it."""
    with node.app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        closing.ask(account, understood=True)
    delivers(node)
    with time_machine.travel(timedelta(days=15, minutes=1)):
        delivers(node)


class TestPeople:
    def test_who_is_stopped_at_home_is_signed_out_elsewhere(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        assert is_signed_in(wang, yi)

        stops_them(jia, account_id)
        delivers(jia)

        assert not is_signed_in(wang, yi)
        assert logouts(yi) == 1
        assert link_of(yi).status == "suspended"

    def test_who_may_go_on_at_home_may_come_again(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        stops_them(jia, account_id)
        delivers(jia)
        assert not is_signed_in(wang, yi)

        with time_machine.travel(timedelta(seconds=2)):
            goes_on(jia, account_id)
            delivers(jia)

            assert link_of(yi).status == "active"
            again = Traveller(jia.url, yi.url)
            again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
            again.signs_in("wangxm")
            assert again.at.startswith(shebao.redirect_uri)

    def test_a_stop_lifted_from_a_frozen_account_lets_nobody_in(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        arrives(jia, yi, shebao)
        with jia.app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            account.status, account.status_reason = accounts.FROZEN, freezing.NOT_ME
            db.session.commit()
        stops_them(jia, account_id)
        delivers(jia)

        with time_machine.travel(timedelta(seconds=2)):
            goes_on(jia, account_id)
            delivers(jia)

        assert link_of(yi).status == "suspended"

    def test_signing_out_at_home_signs_out_elsewhere_in_that_browser_alone(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        wang = arrives(jia, yi, shebao)
        phone = Traveller(jia.url, yi.url)
        phone.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
        phone.signs_in("wangxm")

        wang.opens(f"{jia.url}/oauth/logout").presses("logout-yes")
        delivers(jia)

        assert not is_signed_in(wang, yi)
        assert is_signed_in(phone, yi)

    def test_a_level_taken_away_at_home_is_gone_elsewhere(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia, face=True)
        wang = arrives(jia, yi, shebao)
        assert link_of(yi).verified is not None

        with jia.app.app_context():
            identities.lower(account_id, 1, "register", officer="4401-0001")
        delivers(jia)

        assert not is_signed_in(wang, yi)
        assert link_of(yi).verified is None

    def test_a_guest_goes_with_the_account_at_home(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        with yi.app.app_context():
            guest = link_of(yi).account_id

        erases(jia, account_id)
        delivers(yi)

        assert not is_signed_in(wang, yi)
        with yi.app.app_context():
            assert peer_links.of(guest) == []
            account = accounts.by_id(guest)
            assert account is not None
            assert (account.status, account.profile) == ("closed", {})

    def test_an_account_of_one_s_own_stays_when_the_one_at_home_goes(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        here = citizen(yi, "wangyi", None)
        knows(yi)
        wang = comes_from(jia, yi, shebao).follows("region-mine")
        wang.signs_in("wangyi").presses("region-link-yes").presses("consent-allow")
        listens(yi)

        erases(jia, account_id)
        delivers(yi)

        with yi.app.app_context():
            assert peer_links.of(here) == []
            account = accounts.by_id(here)
            assert account is not None and account.active

    def test_what_was_begun_here_goes_on(self, jia: Node, yi: Node, shebao: Portal) -> None:
        account_id = citizen(jia)
        citizen(yi, "wangyi", None)
        knows(yi)
        wang = comes_from(jia, yi, shebao).follows("region-mine")
        wang.signs_in("wangyi").presses("region-link-yes").presses("consent-allow")
        listens(yi)
        own = Traveller(jia.url, yi.url).opens(f"{yi.url}/account/").signs_in("wangyi")

        stops_them(jia, account_id)
        delivers(jia)

        assert is_signed_in(own, yi)

    def test_no_event_names_anybody_but_by_the_receiver_s_own_name(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia, face=True)
        arrives(jia, yi, shebao)
        stops_them(jia, account_id)
        delivers(jia)

        with jia.app.app_context():
            told = [*db.session.scalars(db.select(streams.StreamEvent))]
        assert {sets.ACCOUNT_DISABLED, sets.SESSION_REVOKED} <= {each.type for each in told}
        subject = link_of(yi).subject
        for each in told:
            if each.subject["format"] != "opaque":
                assert subject in str(each.subject)
            assert account_id not in str((each.subject, each.body))
            assert "1380000" not in str((each.subject, each.body))

    def test_a_province_that_is_away_hears_of_it_when_it_is_back(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        yi.goes_down()
        stops_them(jia, account_id)
        delivers(jia)

        yi.goes_up()
        assert is_signed_in(wang, yi)
        with time_machine.travel(timedelta(seconds=5)):
            delivers(jia)

        assert not is_signed_in(wang, yi)

    def test_where_nobody_may_come_in_events_are_fetched(
        self, nodes: Nodes, anchor: Node, jia: Node
    ) -> None:
        inside = nodes.province(anchor, "bing", "110000", signals={"delivery": "poll"})
        shebao = portal(inside)
        account_id = citizen(jia)
        wang = arrives(jia, inside, shebao)
        stops_them(jia, account_id)
        delivers(jia)
        assert "/ssf/events" not in inside.asked

        assert fetches(inside) > 0

        assert not is_signed_in(wang, inside)
        assert fetches(inside) == 0, "what was taken is not sent again"

    def test_what_the_home_said_is_in_the_trail(self, jia: Node, yi: Node, shebao: Portal) -> None:
        account_id = citizen(jia)
        arrives(jia, yi, shebao)
        stops_them(jia, account_id)
        delivers(jia)

        with yi.app.app_context():
            heard = db.session.scalars(db.select(AuditEvent).filter_by(action="signal.heard"))
            assert {each.account for each in heard} == {link_of(yi).account_id}


class TestEntities:
    def test_a_suspended_province_s_people_are_out_within_seconds(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        wang = arrives(jia, yi, shebao)
        began = time.monotonic()

        with anchor.app.app_context():
            admission.suspend(jia.url, LIU)
        delivers(anchor)
        assert ends_untrusted(yi) == 1

        assert not is_signed_in(wang, yi)
        assert logouts(yi) == 1
        wang.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
        assert "HT-8231" in wang.text
        assert time.monotonic() - began < 60

    def test_a_province_that_is_back_is_back_at_once(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        wang = arrives(jia, yi, shebao)
        with anchor.app.app_context():
            admission.suspend(jia.url, LIU)
        delivers(anchor)
        ends_untrusted(yi)

        with anchor.app.app_context():
            admission.reinstate(jia.url, LIU)
        delivers(anchor)

        again = Traveller(jia.url, yi.url)
        again.opens(starts(yi, shebao)).follows("other-region").chooses_region("jia")
        assert again.at.startswith(jia.url)
        assert not is_signed_in(wang, yi)

    def test_a_mark_taken_back_counts_no_more_at_once(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia, face=True)
        wang = arrives(jia, yi, shebao)
        with anchor.app.app_context():
            anchor.services.trust.given.revoke("ial/3", jia.url, LIU)
        delivers(anchor)

        wang.opens(starts(yi, shebao))

        assert id_token(yi, shebao, wang.arrived["code"])["acr"] == "ial1.aal1"

    def test_whose_key_was_taken_signs_nobody_in_and_has_signed_nobody_in(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        wang = arrives(jia, yi, shebao)
        taken = jia.thumbprint
        with jia.app.app_context():
            jia.services.keys.rotate(["federation"])
            jia.services.trust.forget()
        with anchor.app.app_context():
            trust, outbound = anchor.services.trust, anchor.services.outbound
            found = admission.configuration(trust, outbound, jia.url, taken)
            admission.take_keys(trust, found, LIU)
            admission.drop_key(jia.url, taken, LIU)
        delivers(anchor)

        assert not is_signed_in(wang, yi)

    def test_a_province_has_no_say_of_another(self, jia: Node, yi: Node, shebao: Portal) -> None:
        citizen(jia)
        wang = arrives(jia, yi, shebao)
        asked = len(yi.asked)
        with jia.app.app_context():
            (stream,) = streams.open_()
            type_ = sets.own(jia.url, sets.ENTITY_KEYS)
            body = {"urgency": "compromise", "effective_at": int(time.time())}
            at = streams.now()
            event = streams.hold(stream, type_, {"format": "uri", "uri": yi.url}, body, at)
            outbox.add("signal-push", {"event": event.id})
            db.session.commit()
        delivers(jia)

        assert yi.asked[asked:] == ["/ssf/events"]
        assert is_signed_in(wang, yi)
        with yi.app.app_context():
            heard = db.select(AuditEvent).filter_by(action="signal.heard")
            assert db.session.scalars(heard).all() == []


class TestListening:
    def test_a_node_listens_to_its_superiors_and_to_its_people_s_homes(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        knows(yi)
        assert {*listens(yi)} == {anchor.url}
        comes_from(jia, yi, shebao).presses("region-guest").presses("agreement-submit", agree="yes")

        assert {*listens(yi)} == {anchor.url, jia.url}
        stream = stream_of(jia, yi.url)
        assert stream is not None and stream.endpoint_url == f"{yi.url}/ssf/events"

    def test_a_node_leaves_whom_it_does_not_trust_any_more(
        self, anchor: Node, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        arrives(jia, yi, shebao)
        with anchor.app.app_context():
            admission.suspend(jia.url, LIU)
        delivers(anchor)

        assert {*listens(yi)} == {anchor.url}

    def test_a_stream_the_other_side_has_lost_is_made_again(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        arrives(jia, yi, shebao)
        with jia.app.app_context():
            (stream,) = streams.open_()
            streams.remove(stream)
            db.session.commit()

        with time_machine.travel(timedelta(minutes=20)):
            listens(yi)

        assert stream_of(jia, yi.url) is not None

    def test_a_stream_this_side_has_lost_is_taken_over(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        with yi.app.app_context():
            source = sources.get(jia.url)
            assert source is not None
            sources.remove(source)
            db.session.commit()

        assert jia.url in listens(yi)
        stops_them(jia, account_id)
        delivers(jia)

        assert not is_signed_in(wang, yi)

    def test_a_stream_that_was_paused_there_is_set_going_again(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        account_id = citizen(jia)
        wang = arrives(jia, yi, shebao)
        with jia.app.app_context():
            (stream,) = streams.open_()
            stream.status = streams.PAUSED
            db.session.commit()
        stops_them(jia, account_id)
        delivers(jia)
        assert is_signed_in(wang, yi)

        with time_machine.travel(timedelta(minutes=20)):
            listens(yi)
            delivers(jia)

        assert not is_signed_in(wang, yi)

    def test_who_does_not_answer_is_asked_again_later(self, anchor: Node, yi: Node) -> None:
        anchor.goes_down()
        assert listens(yi) == {}
        with yi.app.app_context():
            source = sources.get(anchor.url)
            assert source is not None
            assert (source.tries, source.problem) == (1, "OutboundFailed: HT-8002")

        anchor.goes_up()
        assert listens(yi) == {}, "not at once"
        with time_machine.travel(timedelta(minutes=1)):
            assert {*listens(yi)} == {anchor.url}

    def test_who_asks_for_no_people_listens_to_nobody(self, nodes: Nodes, anchor: Node) -> None:
        city = nodes.below(anchor, "ding", federation={"relying_party": False})

        assert listens(city) == {}

    def test_silence_is_noticed_and_a_heartbeat_ends_it(
        self, jia: Node, yi: Node, shebao: Portal
    ) -> None:
        citizen(jia)
        arrives(jia, yi, shebao)
        with time_machine.travel(timedelta(minutes=20)), yi.app.app_context():
            since = streams.now() - timedelta(minutes=15)
            assert jia.url in {each.transmitter for each in sources.silent_since(since)}

            shows_it_is_alive(jia, yi.url)

            db.session.expire_all()
            assert jia.url not in {each.transmitter for each in sources.silent_since(since)}
