"""The federation of the demo as it is this second: who vouches for whom, marks, health.

Everything shown is asked of the nodes themselves, by the endpoints that others ask. What an officer
would do — suspend a node, take it back — is the command line's, run here with a button.
"""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask

from sandbox.options import Options

bp = flask.Blueprint("federation", __name__)
_ROOT = Path(__file__).parent.parent
_OFFICER = ("--officer", "D-1001", "--reason", "演示")
_MARKS = {"gateway": "网关", "ial/3": "实人 ial3", "aal/2": "双因素 aal2"}
_COMMANDS = {"suspend": "暂停", "reinstate": "恢复"}
_SECONDS = 3


@dataclass
class Seen:
    """A node, as it and those around it answer now."""

    slug: str
    name: str
    build: str
    url: str
    superior: str
    portal: str
    portal_url: str
    alive: bool = False
    vouched: bool = False
    """Whether its superior states anything of it."""
    marks: list[str] = field(default_factory=list)
    trusted_by: dict[str, bool] = field(default_factory=dict)
    """By the name of a province: whether it finds a valid chain to it."""
    below: list["Seen"] = field(default_factory=list)


@bp.get("/federation")
def page() -> str:
    root = _look()
    live = flask.request.args.get("live") != "0"
    said = flask.current_app.extensions.pop("federation-said", None)
    return flask.render_template(
        "federation.html", root=root, live=live, seconds=_SECONDS, said=said, marks=_MARKS
    )


@bp.get("/federation.json")
def for_programs() -> flask.typing.ResponseReturnValue:
    """The same for programs: by slug, whether a node is alive and who trusts it."""
    found = {}
    for each in _flat(_look()):
        state = {"alive": each.alive, "vouched": each.vouched, "marks": each.marks}
        found[each.slug] = state | {"trusted_by": each.trusted_by}
    return found


@bp.post("/federation/<action>")
def act(action: str) -> flask.typing.ResponseReturnValue:
    """Run the superior's own command, and say what it said. For this page's own buttons alone."""
    if flask.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        flask.abort(403)
    nodes = {node["slug"]: node for node in _nodes()}
    node = nodes.get(flask.request.form.get("node", ""))
    if action not in _COMMANDS or node is None or node["superior"] not in nodes:
        flask.abort(404)
    superior = nodes[node["superior"]]
    command = [sys.executable, "-m", "idp", "federation", action, node["url"], *_OFFICER]
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env=os.environ | {"HUTONG_CONFIG": superior["settings"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    flask.current_app.extensions["federation-said"] = {
        "worked": done.returncode == 0,
        "command": f"federation {action} {node['url']}",
        "text": said[-1] if said else "",
    }
    return flask.redirect(flask.url_for("federation.page"), 303)


def _nodes() -> list[dict[str, Any]]:
    options: Options = flask.current_app.extensions["options"]
    if not options.federation:
        flask.abort(404)
    found: list[dict[str, Any]] = json.loads(Path(options.federation).read_text("utf-8"))["nodes"]
    return found


def _look() -> Seen:
    """The anchor, with whoever is below it, however far."""
    names = Seen.__dataclass_fields__
    nodes = [Seen(**{k: v for k, v in node.items() if k in names}) for node in _nodes()]
    by_slug = {node.slug: node for node in nodes}
    anchor = nodes[0]
    judges = [node for node in nodes if any(each.superior == node.slug for each in nodes)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda node: _see(node, by_slug.get(node.superior), anchor, judges), nodes))
        kept = dict(zip(_MARKS, pool.map(lambda name: _bearers(anchor, name), _MARKS), strict=True))
    for node in nodes:
        node.marks = [text for name, text in _MARKS.items() if node.url in kept[name]]
    for node in nodes[1:]:
        by_slug[node.superior].below.append(node)
    return anchor


def _see(node: Seen, superior: Seen | None, anchor: Seen, judges: list[Seen]) -> None:
    node.alive = _get(node.url, "/health/ready") is not None
    if superior is None:
        node.vouched = True
        return
    node.vouched = _get(superior.url, "/federation/fetch", sub=node.url) is not None
    for judge in judges:
        if judge is not node:
            asked = {"sub": node.url, "trust_anchor": anchor.url}
            found = _get(judge.url, "/federation/resolve", **asked)
            node.trusted_by[judge.name] = found is not None


def _bearers(anchor: Seen, mark: str) -> set[str]:
    type_ = f"{anchor.url}/tm/{mark}"
    found = _get(anchor.url, "/federation/trust-marked", trust_mark_type=type_)
    return set(json.loads(found)) if found else set()


def _get(base: str, path: str, **asked: str) -> bytes | None:
    """The answer; None for a refusal, and for none. Every name here is this machine."""
    parts = urllib.parse.urlsplit(base)
    query = f"?{urllib.parse.urlencode(asked)}" if asked else ""
    request = urllib.request.Request(
        f"http://127.0.0.1:{parts.port}{path}{query}", headers={"Host": parts.netloc}
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - http only
            body: bytes = answer.read()
            return body
    except OSError:
        return None


def _flat(node: Seen) -> list[Seen]:
    return [node, *(deeper for each in node.below for deeper in _flat(each))]
