"""Portals are registered from the command line."""

import json
from pathlib import Path

import flask
import pytest
from sqlalchemy import select

from idp import staff, standing
from idp.commands.opening import said_plainly
from idp.store import clients
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.commands.conftest import Run

PORTAL = [
    *("--name", "社会保险网上服务大厅"),
    *("--redirect-uri", "https://shebao.test/callback"),
    *("--scope", "openid profile phone"),
    *("--purpose", "办理社会保险业务"),
]
APPROVAL = ("--officer", "4401-0077", "--reason", "checked against its duties")


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


def test_an_officer_approves_sensitive_claims_one_by_one(command: Run, app: flask.Flask) -> None:
    asked = ("--client-id", "bank", *PORTAL, "--sensitive-claim", "real_name")
    command("client", "create", *asked, *APPROVAL)
    shown = json.loads(command("client", "show", "bank").output)
    assert shown["sensitive_claims"] == ["real_name"]
    with app.app_context():
        (event,) = db.session.scalars(select(AuditEvent).filter_by(action="client.approved"))
        told = json.loads(event.details)
    assert (event.client_id, event.reason) == ("bank", "checked against its duties")
    assert told == {"claims": ["real_name"], "officer": "4401-0077"}


def test_nobody_approves_unnamed_and_to_take_back_needs_no_name(
    command: Run, tmp_path: Path
) -> None:
    with pytest.raises(standing.Unapproved):
        command("client", "create", *PORTAL, "--sensitive-claim", "real_name")
    command("client", "create", "--client-id", "bank", *PORTAL)
    path = tmp_path / "bank.toml"
    path.write_text('sensitive_claims = ["real_name", "verified_birthdate"]', encoding="utf-8")
    with pytest.raises(standing.Unapproved):
        command("client", "change", "bank", str(path))
    with pytest.raises(staff.OfficerUnnamed):
        command("client", "change", "bank", str(path), "--officer", "4401-0077")
    command("client", "change", "bank", str(path), *APPROVAL)

    path.write_text('sensitive_claims = ["real_name"]', encoding="utf-8")
    command("client", "change", "bank", str(path))

    shown = json.loads(command("client", "show", "bank").output)
    assert shown["sensitive_claims"] == ["real_name"]


def test_the_number_takes_a_key_to_encrypt_to(command: Run) -> None:
    asked = [*PORTAL, "--sensitive-claim", "id_number"]
    with pytest.raises(standing.InvalidRegistration) as refused:
        command("client", "create", *asked)
    assert "userinfo_encrypted_response_alg" in refused.value.params["reason"]
    encrypted = [
        *("--userinfo-alg", "ES256", "--userinfo-encryption", "ECDH-ES"),
        *("--userinfo-enc", "A256GCM", "--jwks-uri", "https://shebao.test/jwks.json"),
    ]
    command("client", "create", "--client-id", "notary", *asked, *encrypted, *APPROVAL)
    assert json.loads(command("client", "show", "notary").output)["jwks_uri"]


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


def test_sm2_is_registered_only_where_it_is_on_and_the_doctor_remembers(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("client", "create", "--client-id", "gmxt", "--alg", "SGD_SM3_SM2", *PORTAL)
    with pytest.raises(standing.InvalidRegistration):
        command(*asked)
    monkeypatch.setenv("HUTONG_KEYS__SM2", "true")
    command(*asked)
    assert "SGD_SM3_SM2" not in command("doctor", status=1).output
    assert "SGD_SM3_SM2" in command("keys", "list").output

    monkeypatch.delenv("HUTONG_KEYS__SM2")
    assert "gmxt asks for SGD_SM3_SM2" in command("doctor", status=1).output
