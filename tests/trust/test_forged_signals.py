"""Events that are not what they seem: from another, for another, changed, old, or sent again."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
import time_machine
from joserfc import jws
from joserfc.jwk import ECKey

from idp.signals import sets
from idp.store import streams
from tests.oidc.actors import Portal
from tests.trust.nodes import Node, Nodes
from tests.trust.signalling import delivers
from tests.trust.test_brokering import citizen
from tests.trust.test_signals import (
    arrives,
    goes_on,
    is_signed_in,
    jia,
    link_of,
    shebao,
    stops_them,
    yi,
)
from tests.trust.traveller import Traveller

__all__ = ["jia", "shebao", "yi"]

Changes = dict[str, Any]


class Post:
    """Pushes events to a node as another one would, and as it would not."""

    def __init__(self, to: Node, sender: Node, wang: Traveller):
        self.to, self.sender, self.wang = to, sender, wang
        with sender.app.app_context():
            (stream,) = streams.open_()
            self.authorization = stream.authorization or ""
            self.key = sender.services.keys.signer("ES256")

    def claims(self, **changed: Any) -> dict[str, Any]:
        subject = sets.user(self.sender.url, link_of(self.to).subject)
        made = {
            "iss": self.sender.url,
            "aud": self.to.url,
            "jti": f"jti-{time.time()}",
            "iat": int(time.time()),
            "sub_id": subject,
            "events": {sets.ACCOUNT_DISABLED: {}},
        }
        return {name: value for name, value in {**made, **changed}.items() if value is not None}

    def signs(self, claims: dict[str, Any], **header: Any) -> str:
        full = {"typ": sets.TYP, "alg": "ES256", "kid": self.key.kid, **header}
        return jws.serialize_compact(full, orjson.dumps(claims), self.key, algorithms=["ES256"])

    def sends(self, token: str, **headers: str) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{self.to.port}/ssf/events",
            content=token,
            headers={
                "Host": self.to.url.partition("//")[2],
                "Content-Type": sets.MEDIA_TYPE,
                "Authorization": self.authorization,
                **headers,
            },
        )

    @property
    def did_nothing(self) -> bool:
        return link_of(self.to).status == "active" and is_signed_in(self.wang, self.to)


@pytest.fixture
def post(jia: Node, yi: Node, shebao: Portal) -> Post:
    citizen(jia)
    return Post(yi, jia, arrives(jia, yi, shebao))


def test_as_it_should_be_it_is_taken(post: Post) -> None:
    answer = post.sends(post.signs(post.claims()))

    assert (answer.status_code, answer.content) == (202, b"")
    assert not post.did_nothing


def test_without_what_we_gave_the_sender_nothing_is_taken(post: Post) -> None:
    answer = post.sends(post.signs(post.claims()), Authorization="Bearer guessed")

    assert (answer.status_code, answer.json()["err"]) == (400, "authentication_failed")
    assert post.did_nothing


@pytest.mark.parametrize(
    ("changed", "err"),
    [
        ({"aud": "https://bing.gov.example"}, "invalid_audience"),
        ({"aud": None}, "invalid_audience"),
        ({"exp": 2_000_000_000}, "invalid_request"),
        ({"sub": "somebody"}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
        ({"iat": None}, "invalid_request"),
        ({"iat": True}, "invalid_request"),
        ({"toe": "now"}, "invalid_request"),
        ({"toe": time.time() - 8 * 24 * 3600}, "invalid_request"),
        ({"iat": int(time.time()) - 8 * 24 * 3600}, "invalid_request"),
        ({"iat": int(time.time()) + 3600}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"events": {sets.ACCOUNT_DISABLED: {}, sets.SESSION_REVOKED: {}}}, "invalid_request"),
        ({"events": {sets.ACCOUNT_DISABLED: "yes"}}, "invalid_request"),
        ({"sub_id": "somebody"}, "invalid_request"),
        ({"iss": "https://bing.gov.example"}, "invalid_issuer"),
        ({"iss": 1}, "invalid_issuer"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(post: Post, changed: Changes, err: str) -> None:
    answer = post.sends(post.signs(post.claims(**changed)))

    assert (answer.status_code, answer.json()["err"]) == (400, err)
    assert post.did_nothing


@pytest.mark.parametrize(
    "header", [{"typ": "logout+jwt"}, {"typ": "JWT"}, {"crit": ["b64"], "b64": True}]
)
def test_a_token_of_another_kind_is_no_event(post: Post, header: Changes) -> None:
    answer = post.sends(post.signs(post.claims(), **header))

    assert (answer.status_code, answer.json()["err"]) == (400, "invalid_request")
    assert post.did_nothing


def test_the_issuer_s_key_signs_it_and_no_other(post: Post) -> None:
    forged = ECKey.generate_key("P-256")
    claims, kid = post.claims(), post.key.kid
    for header in ({"kid": kid}, {"kid": "another"}, {"kid": kid, "jwk": forged.as_dict()}):
        full = {"typ": sets.TYP, "alg": "ES256", **header}
        token = jws.serialize_compact(full, orjson.dumps(claims), forged, algorithms=["ES256"])
        answer = post.sends(token)
        assert (answer.status_code, answer.json()["err"]) == (400, "invalid_key")
    unsigned = post.signs(claims).rpartition(".")[0] + "."
    assert post.sends(unsigned).status_code == 400
    assert post.did_nothing


@pytest.mark.parametrize("body", ["", "x", "x.y.z", "e30.e30.", "a" * 70_000, "{}", "\u4e2d"])
def test_what_is_no_token_is_refused(post: Post, body: str) -> None:
    assert post.sends(body).status_code in {400, 413}
    assert post.sends(body, **{"Content-Type": "application/json"}).status_code in {400, 413}
    assert post.did_nothing


@pytest.mark.parametrize(
    "subject",
    [
        lambda post: sets.user(post.to.url, link_of(post.to).subject),
        lambda post: sets.user("https://bing.gov.example", link_of(post.to).subject),
        lambda post: sets.user(post.sender.url, "nobody"),
        lambda post: {"format": "opaque", "id": link_of(post.to).subject},
        lambda post: {"format": "account", "uri": link_of(post.to).account_id},
        lambda post: {"format": "complex", "user": "everybody"},
        lambda post: {"format": "complex", "tenant": {"format": "opaque", "id": "all"}},
        lambda post: {"format": "iss_sub", "iss": post.sender.url, "sub": ["x"]},
        lambda _post: {},
    ],
)
def test_nobody_but_its_own_people_is_touched(
    post: Post, subject: Callable[[Post], Changes]
) -> None:
    answer = post.sends(post.signs(post.claims(sub_id=subject(post))))

    assert answer.status_code == 202  # well formed: about nobody we know by that name
    assert post.did_nothing


def test_sent_again_it_does_nothing_again(jia: Node, post: Post) -> None:
    """Somebody has kept a stop, and sends it when the account has long been given back."""
    stop = post.signs(post.claims())
    post.sends(stop)
    with time_machine.travel(timedelta(seconds=2)):
        post.sends(post.signs(post.claims(events={sets.ACCOUNT_ENABLED: {}})))
        assert link_of(post.to).status == "active"

        assert post.sends(stop).status_code == 202

        assert link_of(post.to).status == "active"


def test_late_news_undoes_nothing_newer(jia: Node, yi: Node, post: Post) -> None:
    late = post.claims(iat=int(time.time()) - 60)
    post.sends(post.signs(post.claims(events={sets.ACCOUNT_ENABLED: {}})))

    assert post.sends(post.signs(late)).status_code == 202

    assert post.did_nothing


def test_who_is_not_listened_to_is_not_heard(
    nodes: Nodes, anchor: Node, yi: Node, post: Post
) -> None:
    """A province with a good chain and keys of its own, that nobody here comes from."""
    bing = nodes.province(anchor, "bing", "110000")
    with bing.app.app_context():
        key = bing.services.keys.signer("ES256")
    claims = post.claims(iss=bing.url, sub_id=sets.user(bing.url, link_of(yi).subject))
    header = {"typ": sets.TYP, "alg": "ES256", "kid": key.kid}
    token = jws.serialize_compact(header, orjson.dumps(claims), key, algorithms=["ES256"])

    answer = post.sends(token)

    assert (answer.status_code, answer.json()["err"]) == (400, "invalid_issuer")
    assert post.did_nothing


def test_a_level_never_rises_by_an_event(jia: Node, yi: Node, post: Post) -> None:
    before = link_of(yi).level
    body = {"namespace": jia.url + sets.LEVELS, "current_level": "ial4"}

    post.sends(post.signs(post.claims(events={sets.LEVEL_CHANGE: body})))

    assert link_of(yi).level == before
    assert is_signed_in(post.wang, yi)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"namespace": "https://else.example/ns/ial", "current_level": "ial1"},
        {"namespace": None, "current_level": "ial1"},
        {"current_level": 1},
        {"current_level": "ial9"},
    ],
)
def test_a_level_on_another_scale_says_nothing(jia: Node, post: Post, body: Changes) -> None:
    body = {"namespace": jia.url + sets.LEVELS, **body}

    post.sends(post.signs(post.claims(events={sets.LEVEL_CHANGE: body})))

    assert post.did_nothing


def test_where_nobody_is_in_a_federation_there_is_nothing_to_push_to(nodes: Nodes) -> None:
    alone = nodes.start("alone")

    answer = httpx.post(
        f"http://127.0.0.1:{alone.port}/ssf/events",
        content="x",
        headers={"Content-Type": sets.MEDIA_TYPE},
    )

    assert answer.status_code == 404


def test_a_stop_and_its_end_within_one_second_come_out_right(
    jia: Node, yi: Node, shebao: Portal
) -> None:
    account_id = citizen(jia)
    arrives(jia, yi, shebao)

    stops_them(jia, account_id)
    goes_on(jia, account_id)
    delivers(jia)

    assert link_of(yi).status == "active"
