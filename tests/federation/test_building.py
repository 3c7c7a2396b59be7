"""A chain is found by asking little, whatever the entities on the way say."""

from urllib.parse import parse_qs, urlsplit

import pytest

from idp.federation import building, entity_ids, jwks
from idp.federation.chains import Anchor
from idp.federation.errors import FederationError, InvalidChain, Unreachable
from idp.federation.rules import Rules
from tests.federation import builder
from tests.federation.builder import ANCHOR, CITY, GATEWAY, NOW, PROVINCE

OTHER = "https://ta.other.example"
PINNED = {entity: Anchor(entity, jwks.parse(builder.jwks(entity))) for entity in (ANCHOR, OTHER)}


class Web:
    """What entities publish, and what was asked for."""

    def __init__(self):
        self.asked = []
        self.documents = {}

    def entity(self, name, *hints, fetch="/fetch", **claims):
        """Its configuration; an entity with ``fetch`` may have others below it."""
        metadata = {"federation_entity": {"federation_fetch_endpoint": name + fetch}}
        claims = {"metadata": metadata if fetch else {}} | claims
        self.publish(name, name, builder.configuration(name, *hints, **claims))
        return self

    def vouch(self, superior, subject, **claims):
        self.publish(superior, subject, builder.statement(superior, subject, **claims))
        return self

    def publish(self, issuer, subject, document):
        self.documents[issuer, subject] = document

    def __call__(self, url):
        self.asked.append(url)
        parts = urlsplit(url)
        if url.endswith(entity_ids.WELL_KNOWN):
            issuer = subject = url.removesuffix(entity_ids.WELL_KNOWN)
        else:
            issuer, subject = f"https://{parts.netloc}", parse_qs(parts.query)["sub"][0]
        found = self.documents.get((issuer, subject))
        if isinstance(found, FederationError):
            raise found
        if found is None:
            raise Unreachable("status", url, transient=False)
        return found


def province():
    """Anchor, province and gateway."""
    web = Web().entity(ANCHOR).entity(PROVINCE, ANCHOR).entity(GATEWAY, PROVINCE, fetch="")
    return web.vouch(ANCHOR, PROVINCE).vouch(PROVINCE, GATEWAY)


def build(web, subject=GATEWAY, anchors=PINNED, **more):
    return building.build(subject, anchors, web, NOW, **more)


def path(chain):
    return [chain.subject, *(one.iss for one in chain.statements if not one.is_configuration)]


def test_a_chain_is_found_and_no_document_asked_for_twice():
    web = province()
    assert path(build(web)) == [GATEWAY, PROVINCE, ANCHOR]
    assert len(web.asked) == len(set(web.asked)) == 5


def test_an_anchor_needs_nobody():
    web = province()
    assert path(build(web, subject=ANCHOR)) == [ANCHOR]
    assert len(web.asked) == 1


def test_the_subject_is_asked_about_escaped_and_queries_are_kept():
    web = province().entity(PROVINCE, ANCHOR, fetch="/fetch?tenant=a&b=1")
    build(web)
    (asked,) = [url for url in web.asked if url.startswith(f"{PROVINCE}/fetch")]
    assert asked == f"{PROVINCE}/fetch?tenant=a&b=1&sub=https%3A%2F%2Fid.prov-a.gov.example"


def test_the_shortest_way_is_taken_and_the_longer_one_not_even_looked_at():
    web = province().entity(GATEWAY, PROVINCE, ANCHOR, fetch="").vouch(ANCHOR, GATEWAY)
    assert path(build(web)) == [GATEWAY, ANCHOR]
    assert f"{PROVINCE}/fetch" not in " ".join(web.asked)


def test_where_the_shortest_way_is_not_valid_the_next_is_tried():
    web = province().entity(GATEWAY, ANCHOR, PROVINCE, fetch="")
    for broken in (
        {"exp": NOW - 60},
        {"constraints": {"naming_constraints": {"permitted": []}}},
        {"jwks": builder.jwks("stranger")},
    ):
        web.vouch(ANCHOR, GATEWAY, **broken)
        assert path(build(web)) == [GATEWAY, PROVINCE, ANCHOR]
    web.publish(ANCHOR, GATEWAY, "garbage")
    assert path(build(web)) == [GATEWAY, PROVINCE, ANCHOR]
    web.publish(ANCHOR, GATEWAY, None)
    assert path(build(web)) == [GATEWAY, PROVINCE, ANCHOR]


def test_any_anchor_will_do():
    web = province().entity(PROVINCE, OTHER).entity(OTHER).vouch(OTHER, PROVINCE)
    assert path(build(web)) == [GATEWAY, PROVINCE, OTHER]
    with pytest.raises(InvalidChain):
        build(web, anchors={ANCHOR: PINNED[ANCHOR]})


def test_a_chain_goes_on_above_an_anchor_that_does_not_vouch():
    """An anchor of one federation may be an intermediate of another."""
    web = province().entity(ANCHOR, OTHER).entity(OTHER)
    web.vouch(OTHER, ANCHOR).vouch(ANCHOR, PROVINCE)
    anchors = {OTHER: PINNED[OTHER]}
    assert path(build(web, anchors=anchors)) == [GATEWAY, PROVINCE, ANCHOR, OTHER]


def test_entities_that_name_each_other_end_somewhere():
    web = Web().entity(GATEWAY, PROVINCE, CITY, GATEWAY, fetch="")
    web.entity(PROVINCE, CITY, GATEWAY, PROVINCE).entity(CITY, PROVINCE, GATEWAY)
    with pytest.raises(InvalidChain):
        build(web)
    assert len(web.asked) == 3


def test_entities_that_all_name_each_other_make_few_paths():
    names = [f"https://e{n}.example" for n in range(12)]
    web = Web()
    for place, name in enumerate(names):
        web.entity(name, *names[place + 1 :], *names[:place])
    search = building.Search(web)
    paths = list(search.paths(names[0], anchors=names))
    assert len(paths) <= building.Limits().paths * 9
    for found in paths:
        assert len({one.sub for one in found}) == len(found)


def test_five_hundred_hints_are_not_followed():
    hints = [f"https://victim{n}.example" for n in range(500)]
    web = Web().entity(GATEWAY, *hints, fetch="")
    with pytest.raises(InvalidChain):
        build(web)
    assert len(web.asked) == 1 + building.Limits().hints


def test_an_anchor_is_found_among_five_hundred_hints():
    hints = [f"https://victim{n}.example" for n in range(500)]
    web = Web().entity(ANCHOR).entity(GATEWAY, *hints, ANCHOR, fetch="").vouch(ANCHOR, GATEWAY)
    assert path(build(web)) == [GATEWAY, ANCHOR]


def test_a_tree_that_grows_without_end_is_given_up():
    def endless(url):
        asked.append(url)
        name = url.removesuffix(entity_ids.WELL_KNOWN)
        depth = len(asked)
        return builder.sign(
            builder.configuration_claims(
                name, *(f"https://e{depth}-{n}.example" for n in range(4)), jwks=builder.jwks("one")
            ),
            "one",
        )

    asked = []
    with pytest.raises(InvalidChain):
        build(endless)
    assert len(asked) == building.Limits().documents


def test_a_path_is_not_longer_than_a_chain_may_be():
    names = [f"https://e{n}.example" for n in range(9)]
    web = Web().entity(ANCHOR)
    for below, above in zip(names, [*names[1:], ANCHOR], strict=True):
        web.entity(below, above).vouch(above, below)
    assert len(build(web, subject=names[1]).statements) == 10
    web.asked.clear()
    with pytest.raises(InvalidChain):
        build(web, subject=names[0])
    assert f"{names[8]}{entity_ids.WELL_KNOWN}" in web.asked
    assert f"{ANCHOR}{entity_ids.WELL_KNOWN}" not in web.asked
    with pytest.raises(InvalidChain):
        build(web, subject=names[6], rules=Rules(max_length=4))


@pytest.mark.parametrize(
    ("issuer", "subject"), [(GATEWAY, GATEWAY), (PROVINCE, PROVINCE), (PROVINCE, GATEWAY)]
)
def test_an_answer_about_somebody_else_is_none(issuer, subject):
    web = province()
    web.publish(issuer, subject, builder.configuration(CITY, "https://evil.example"))
    with pytest.raises(InvalidChain):
        build(web)
    assert "evil" not in " ".join(web.asked)


def test_without_a_fetch_endpoint_nobody_is_below():
    with pytest.raises(InvalidChain) as failure:
        build(province().entity(PROVINCE, ANCHOR, fetch=""))
    assert "federation_fetch_endpoint" in failure.value.about


@pytest.mark.parametrize("entity", [GATEWAY, PROVINCE, ANCHOR])
def test_what_may_be_there_a_moment_later_is_told_apart_from_what_is_not(entity):
    web = province()
    web.publish(entity, entity, Unreachable("timeout", entity))
    with pytest.raises(Unreachable):
        build(web)
    web.publish(entity, entity, Unreachable("status", entity, transient=False))
    with pytest.raises(InvalidChain):
        build(web)


def test_one_superior_that_is_away_does_not_matter_where_there_is_another():
    web = province().entity(GATEWAY, CITY, PROVINCE, fetch="")
    web.publish(CITY, CITY, Unreachable("timeout", CITY))
    assert path(build(web)) == [GATEWAY, PROVINCE, ANCHOR]
