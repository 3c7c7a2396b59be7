"""What workers of running nodes do for signals, at a moment of the test's choosing."""

from idp import homes
from idp.hearing import subscribing
from idp.signals import deliveries, telling
from idp.store import sources, streams
from idp.store.engines import db
from idp.store.sources import Source
from idp.store.streams import Stream
from tests.trust.nodes import Node


def listens(node: Node) -> dict[str, Source]:
    """Have a node see to whom it listens to; whom it does, by entity identifier."""
    with node.app.app_context():
        subscribing.look_after()
        found = {each.transmitter: each for each in sources.all_of() if each.stream_id}
        db.session.expunge_all()
        return found


def delivers(node: Node) -> None:
    """Everything that is due goes out, and what comes of that."""
    with node.app.app_context():
        while deliveries.deliver_due():
            pass


def fetches(node: Node) -> int:
    with node.app.app_context():
        return subscribing.fetch()


def ends_untrusted(node: Node) -> int:
    with node.app.app_context():
        return homes.end_untrusted()


def shows_it_is_alive(node: Node, url: str) -> None:
    """Its heartbeat, for one receiver at least."""
    with node.app.app_context():
        stream = streams.of_client(url)
        assert stream is not None
        telling.verify(stream, node.url)
        db.session.commit()
    delivers(node)


def stream_of(node: Node, receiver: str) -> Stream | None:
    with node.app.app_context():
        found = streams.of_client(receiver)
        db.session.expunge_all()
        return found
