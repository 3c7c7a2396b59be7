"""A library nobody here wrote asks our running nodes, and resolves what we resolve."""

import json
import subprocess
from typing import Any

import pytest

from idp.trust import admission
from tests.federation.peers import SCRIPTS, node
from tests.trust.nodes import LIU, Node, Nodes

pytestmark = pytest.mark.foreign_clients


@pytest.fixture
def city(nodes: Nodes, anchor: Node) -> Node:
    """Under a province that the anchor vouches for."""
    province = nodes.below(anchor, "jia", federation={"role": "intermediate"})
    return nodes.below(province, "xishi", anchor=anchor)


def asked(subject: Node, anchor: Node) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [node(), "federation_nodes.mjs"],
        cwd=SCRIPTS,
        input=json.dumps({"subject": subject.url, "anchor": anchor.url}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def by_them(subject: Node, anchor: Node) -> Any:
    done = asked(subject, anchor)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_city_s_chain_through_its_province_means_the_same_to_both(
    city: Node, anchor: Node
) -> None:
    with city.app.app_context():
        ours = city.services.trust.chain(city.url)

    (theirs,) = by_them(city, anchor)

    assert theirs["path"] == [[one.iss, one.sub] for one in ours.statements[1:]]
    assert theirs["metadata"]["openid_provider"] == ours.metadata["openid_provider"]
    assert theirs["metadata"]["openid_relying_party"] == ours.metadata["openid_relying_party"]
    # Of federation entities it reads the members of the specification's only.
    entity = theirs["metadata"]["federation_entity"].items()
    assert entity <= ours.metadata["federation_entity"].items()
    assert "federation_historical_keys_endpoint" in dict(entity)


def test_whom_the_anchor_suspended_leads_neither_to_it(city: Node, anchor: Node) -> None:
    province = city.configuration().authority_hints[0]
    with anchor.app.app_context():
        admission.suspend(province, LIU)

    done = asked(city, anchor)

    # It gives up with the first superior that answers an error.
    assert (done.returncode, done.stdout) == (1, "")
    assert "received content-type 'application/json'" in done.stderr
