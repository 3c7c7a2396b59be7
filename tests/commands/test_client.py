"""Portals are registered from the command line."""

import json
from pathlib import Path

import flask
import pytest

from idp import standing
from idp.commands.opening import said_plainly
from idp.store import clients
from tests.commands.conftest import Run

PORTAL = [
    *("--name", "社会保险网上服务大厅"),
    *("--redirect-uri", "https://shebao.test/callback"),
    *("--scope", "openid profile phone"),
    *("--purpose", "办理社会保险业务"),
]


def test_a_secret_is_shown_once_and_kept_as_a_digest(command: Run) -> None:
    made = command("client", "create", "--client-id", "shebao", *PORTAL)
    secret = made.output.split("client_secret")[1].split()[0]
    assert len(secret) >= 43
    shown = command("client", "show", "shebao").output
    assert secret not in shown
    assert clients.hash_secret(secret) not in shown
    assert json.loads(shown)["redirect_uris"] == ["https://shebao.test/callback"]


def test_a_file_may_say_everything(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "gjj.toml"
    path.write_text(
        'client_id = "gjj"\nname = "住房公积金"\nlegal_basis = "statutory"\n'
        'statute = "《住房公积金管理条例》"\nclaims = ["name"]\n'
        'redirect_uris = ["https://gjj.test/callback"]\n',
        encoding="utf-8",
    )
    command("client", "create", "--file", str(path))
    assert "statutory" in command("client", "list").output


@pytest.mark.parametrize("uri", ["http://shebao.test/callback", "https://shebao.test/#x", "shebao"])
def test_an_unsafe_redirect_uri_is_refused(command: Run, uri: str) -> None:
    with pytest.raises(standing.InvalidRegistration):
        command("client", "create", "--name", "x", "--redirect-uri", uri)


def test_an_operator_reads_which_member_is_wrong(
    app: flask.Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), said_plainly(), app.app_context():
        standing.create_client("x", {"name": "x"})
    assert capsys.readouterr().err == "HT-0301: redirect_uris are missing\n"


def test_a_stopped_client_is_seen_as_stopped_until_it_is_restored(command: Run) -> None:
    command("client", "create", "--client-id", "shebao", *PORTAL)
    command("client", "stop", "shebao", "--reason", "contract ended")
    assert "stopped" in command("client", "list").output
    command("client", "restore", "shebao", "--reason", "contract renewed")
    assert "active" in command("client", "list").output


def test_a_new_secret_is_another_one(command: Run) -> None:
    first = command("client", "create", "--client-id", "shebao", *PORTAL).output
    second = command("client", "rotate-secret", "shebao").output
    assert first.split()[3] != second.split()[3]


def test_a_client_nobody_knows_is_not_found(command: Run) -> None:
    with pytest.raises(standing.NotFound):
        command("client", "show", "nobody")
