"""The ``federation`` commands, as two officers and an operator type them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis

from idp import settings
from idp.audit import log
from idp.commands import cli
from idp.store import statements
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.trust.admission import (
    EntityUnknown,
    NothingNew,
    NotReadable,
    NotTheKey,
    RuleBroken,
    SameOfficer,
)
from idp.trust.giving import MarkUnknown
from tests.trust import nodes as running
from tests.trust.nodes import Node, Nodes

ZHANG = ("--officer", "330001", "--reason", "首次接入")
LIU = ("--officer", "330002", "--reason", "材料齐全")
Types = Callable[..., Result]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with (
        running.shared_redis(tmp_path / "redis") as url,
        Redis.from_url(url) as redis,
        running.started(tmp_path, url) as started,
    ):
        redis.flushall()
        yield started


@pytest.fixture
def anchor(nodes: Nodes) -> Node:
    return nodes.anchor()


@pytest.fixture
def jia(nodes: Nodes, anchor: Node) -> Node:
    """A province nobody vouches for yet."""
    federation = {"role": "leaf", "superiors": [anchor.url], "anchors": [nodes.pin(anchor)]}
    return nodes.start("jia", federation=federation)


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Types:
    """``types(node, "show")``: on that node's machine."""

    def run(node: Node, *arguments: str, status: int = 0) -> Result:
        given = node.app.extensions["settings"]
        said = given.model_dump_json(include={"federation", "node", "development"})
        file = node.folder / "hutong.toml"
        file.write_text(_toml(json.loads(said)), "utf-8")
        for name, value in {
            "CONFIG": str(file),
            "ENVIRONMENT": "testing",
            "ISSUER": node.url,
            "VAR_DIR": str(node.folder),
            "STORE__REDIS_URL": given.redis_url,
        }.items():
            monkeypatch.setenv(settings.PREFIX + name, value)
        result = CliRunner().invoke(cli, ["federation", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


def test_a_province_is_proposed_by_one_officer_and_approved_by_another(
    anchor: Node, jia: Node, types: Types
) -> None:
    assert "trusted     no" in types(jia, "show").output
    joined = types(anchor, "join", jia.url, "--thumbprint", jia.thumbprint, *ZHANG)
    assert "waits to be approved" in joined.output
    assert "waiting" in types(anchor, "list").output

    with pytest.raises(SameOfficer):
        types(anchor, "approve", jia.url, *ZHANG)
    assert "vouched for" in types(anchor, "approve", jia.url, *LIU).output

    shown = types(jia, "show").output
    assert "trusted     until 2" in shown and anchor.url in shown
    with anchor.app.app_context():
        log.copy_streams()
        told = [
            (json.loads(row.details)["status"], json.loads(row.details)["officer"])
            for row in db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.at))
            if row.action == "entity.changed"
        ]
    assert told == [("waiting", "330001"), ("active", "330002")]


def test_another_key_than_the_one_handed_over_is_refused(
    anchor: Node, jia: Node, types: Types
) -> None:
    with pytest.raises(NotTheKey):
        types(anchor, "join", jia.url, "--thumbprint", "x" * 43, *ZHANG)

    assert types(anchor, "list").output == ""


def test_an_entity_that_does_not_answer_is_not_put_on_record(
    anchor: Node, jia: Node, types: Types
) -> None:
    jia.goes_down()

    with pytest.raises(NotReadable):
        types(anchor, "join", jia.url, "--thumbprint", jia.thumbprint, *ZHANG)
    with pytest.raises(EntityUnknown):
        types(anchor, "approve", jia.url, *LIU)


def test_it_is_suspended_reinstated_and_leaves(anchor: Node, jia: Node, types: Types) -> None:
    types(anchor, "join", jia.url, "--thumbprint", jia.thumbprint, *ZHANG)
    types(anchor, "approve", jia.url, *LIU)

    assert "suspended" in types(anchor, "suspend", jia.url, *LIU).output
    assert anchor.get("/federation/fetch", sub=jia.url).status_code == 404
    assert "vouched for" in types(anchor, "reinstate", jia.url, *LIU).output
    assert anchor.get("/federation/fetch", sub=jia.url).status_code == 200
    assert "has left" in types(anchor, "withdraw", jia.url, *LIU).output
    assert types(anchor, "list", "--status", "active").output == ""


def test_limits_go_into_the_statement_and_what_breaks_a_rule_does_not(
    anchor: Node, jia: Node, types: Types, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"openid_provider": {"x": {"default": ["a"]}}}))
    types(anchor, "lint", str(wrong), status=1)
    with pytest.raises(RuleBroken):
        types(
            anchor,
            *("join", jia.url, "--thumbprint", jia.thumbprint, "--policy", str(wrong), *ZHANG),
        )
    right = tmp_path / "right.json"
    right.write_text(json.dumps({"openid_relying_party": {"contacts": {"essential": True}}}))
    assert "Nothing to mend" in types(anchor, "lint", str(right)).output

    types(
        anchor,
        *("join", jia.url, "--thumbprint", jia.thumbprint, "--naming", "jia.localhost"),
        *("--entity-type", "openid_provider", "--entity-type", "openid_relying_party"),
        *("--max-path-length", "0", "--policy", str(right), *ZHANG),
    )
    types(anchor, "approve", jia.url, *LIU)

    chain = types(jia, "chain", jia.url).output
    assert '"max_path_length": 0' in chain and "jia.localhost" in chain
    assert "ceiling  ial1.aal1" in chain


def test_a_mark_is_given_listed_and_taken_back(anchor: Node, jia: Node, types: Types) -> None:
    types(anchor, "join", jia.url, "--thumbprint", jia.thumbprint, *ZHANG)
    types(anchor, "approve", jia.url, *LIU)

    assert "gateway" in types(anchor, "mark", "kinds").output
    given = types(anchor, "mark", "give", jia.url, "ial/3", "--until", "2099-12-31", *LIU).output
    assert f"{anchor.url}/tm/ial/3" in given
    assert "active" in types(anchor, "mark", "list", jia.url).output
    types(anchor, "mark", "revoke", jia.url, "ial/3", *LIU)
    assert "revoked" in types(anchor, "mark", "list", jia.url).output
    with pytest.raises(MarkUnknown):
        types(anchor, "mark", "revoke", jia.url, "ial/3", *LIU)


def test_keys_roll_over_step_by_step_and_not_before_they_are_named(
    anchor: Node, jia: Node, types: Types
) -> None:
    types(anchor, "join", jia.url, "--thumbprint", jia.thumbprint, *ZHANG)
    types(anchor, "approve", jia.url, *LIU)
    old = jia.thumbprint

    assert "next" in types(jia, "roll-keys").output
    jia.forgets_what_it_knows()
    refused = types(jia, "roll-keys", "--use", status=1).output
    assert "Not named yet" in refused

    with pytest.raises(NothingNew):  # a running process shows the new one within a minute
        types(anchor, "take-keys", jia.url, "--thumbprint", old, *LIU)
    _looks_again(jia)
    jia.forgets_what_it_knows()
    taken = types(anchor, "take-keys", jia.url, "--thumbprint", old, *LIU).output
    assert len([line for line in taken.splitlines() if not line.startswith("{")]) == 2
    _asks_anew(jia)
    types(jia, "roll-keys", "--use")
    _looks_again(jia)
    assert jia.thumbprint != old


def test_an_anchor_s_next_key_waits_until_it_is_pinned(anchor: Node, types: Types) -> None:
    types(anchor, "roll-keys")

    assert "--pinned" in types(anchor, "roll-keys", "--use", status=1).output
    types(anchor, "roll-keys", "--use", "--pinned")


def test_whom_nobody_trusts_is_told_so(anchor: Node, jia: Node, types: Types) -> None:
    assert "is not trusted" in types(anchor, "chain", jia.url, status=1).output


def test_a_node_in_no_federation_says_so(nodes: Nodes, types: Types) -> None:
    assert "federation.role is off" in types(nodes.start("alone"), "show", status=1).output


def _asks_anew(node: Node) -> None:
    with node.app.app_context():
        statements.forget_all()
    node.forgets_what_it_knows()


def _looks_again(node: Node) -> None:
    with node.app.app_context():
        node.services.keys.views()


def _toml(value: object) -> str:
    """A table of settings; what is empty is left out."""
    assert isinstance(value, dict)
    return "\n".join(f"{name} = {_inline(each)}" for name, each in value.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if each is not None}
        return f"{{{', '.join(f'{json.dumps(n)} = {_inline(v)}' for n, v in kept.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value)
