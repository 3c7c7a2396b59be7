"""What an operator looks at and does: settings, keys, audit, schema, health."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from sqlalchemy import select

from idp import settings
from idp.commands import documents
from idp.commands.opening import said_plainly
from idp.commands.worker import LOOPS
from idp.errors import EngineUnavailable, catalogue
from idp.settings import SettingsError
from idp.sms import texts
from idp.store import accounts, embedded, heartbeats
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.commands.conftest import Run


def test_settings_are_shown_without_their_secrets(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_SMS__RECEIPT_PATH", "very-secret-path")
    shown = command("settings", "show").output
    assert json.loads(shown)["environment"] == "testing"
    assert "very-secret-path" not in shown


def test_a_setting_nobody_knows_stops_the_start(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_SERVE__PROT", "8000")
    with pytest.raises(SettingsError, match=r"serve\.prot"):
        command("settings", "check")


def test_a_rotated_key_waits_before_it_signs(command: Run) -> None:
    command("keys", "rotate")
    states = command("keys", "list").output
    assert states.count("next") == 2
    assert states.count("current") == 2


def test_a_leaked_key_is_replaced_at_once(command: Run) -> None:
    before = command("keys", "list").output.splitlines()

    after = command("keys", "replace", "ES256", "--yes").output.splitlines()

    leaked = next(line.split()[1] for line in before if line.startswith("ES256"))
    assert all(leaked not in line for line in after)
    assert [line.split()[2] for line in after if line.startswith("ES256")] == ["current"]


def test_an_account_is_found_by_its_number_and_the_search_is_recorded(
    command: Run, app: flask.Flask
) -> None:
    with app.app_context():
        made = accounts.Account(phone="+8613800000001", phone_index="+8613800000001")
        db.session.add(made)
        db.session.commit()
        account_id = made.id

    assert account_id in command("account", "find", "--phone", "138 0000 0001").output
    assert "No account" in command("account", "find", "--phone", "13800000002", status=1).output
    with app.app_context():
        actions = db.session.scalars(select(AuditEvent.action)).all()
    assert actions.count("account.looked_up") == 2


def test_the_trail_is_proven_whole(command: Run) -> None:
    assert command("audit", "verify").output.startswith("Whole")


def test_a_broken_trail_is_named(command: Run, app: flask.Flask) -> None:
    with app.app_context():
        from idp.audit import log  # noqa: PLC0415 - beside the change it belongs to

        log.chain()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_event SET action = 'changed'")
    assert command("audit", "verify", status=1).output.startswith("BROKEN")


def test_the_trail_is_handed_out_in_order(command: Run, app: flask.Flask) -> None:
    command("keys", "rotate")
    with app.app_context():
        from idp.audit import log  # noqa: PLC0415

        log.chain()
    numbers = [json.loads(line)["seq"] for line in command("audit", "export").output.splitlines()]
    assert numbers == sorted(numbers)
    assert numbers


def test_the_doctor_says_what_to_do(command: Run) -> None:
    said = command("doctor", status=1).output
    assert "No worker was seen: run" in said
    assert "No SMS provider is configured: set" in said


def test_the_doctor_names_the_notices_for_which_a_provider_has_no_template(
    command: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = dict.fromkeys(texts.NOTICES, "SMS_1")
    missing = "case_decided", "mandate_offered"
    for name in missing:
        del given[name]
    notices = "".join(f'{name} = "{template}"\n' for name, template in given.items())
    config = tmp_path / "sms.toml"
    config.write_text(
        '[sms]\nproviders = ["aliyun"]\nsignature = "x"\n'
        '[sms.aliyun]\naccess_key_id = "a"\naccess_key_secret = "b"\ntemplate = "SMS_1"\n'
        f"[sms.aliyun.notices]\n{notices}"
    )
    monkeypatch.setenv(f"{settings.PREFIX}CONFIG", str(config))

    said = command("doctor", status=1).output
    assert f"aliyun has no template for {', '.join(missing)}: have them approved there" in said
    assert "set sms.aliyun.notices." in said

    config.write_text(config.read_text() + "".join(f'{name} = "SMS_1"\n' for name in missing))
    assert "has no template" not in command("doctor", status=1).output


def test_the_doctor_names_the_font_that_pdfs_need(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_RIGHTS__PDF_FONT", "/nowhere/font.ttc")

    said = command("doctor", status=1).output

    assert "/nowhere/font.ttc is not there. Install Debian's fonts-noto-cjk" in said


def test_the_doctor_knows_which_loops_rest_for_an_hour(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "ages", lambda: {loop.name: 1800.0 for loop in LOOPS})

    said = command("doctor", status=1).output
    assert "loop audit was last seen" in said
    assert "tidying" not in said
    assert "retention" not in said


def test_master_keys_are_made_once_and_never_overwritten(command: Run, tmp_path: Path) -> None:
    path = tmp_path / "master.toml"
    command("keys", "create", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert "never overwritten" in command("keys", "create", str(path), status=1).output
    assert path.read_text() == before


def test_everything_sealed_moves_to_a_new_master_key(command: Run) -> None:
    kid = command("crypto", "add").output.split()[0]
    command("crypto", "activate", kid)
    assert command("crypto", "rekey").output.endswith("0 remain.\n")


def test_production_names_every_table_that_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"needs the tables sms\.aliyun, sms\.tencent"):
        settings.load(environment="production", sms={"providers": ["aliyun", "tencent"]})


def test_every_setting_is_documented(command: Run) -> None:
    page = documents.settings_page()
    for section, info in settings.Settings.model_fields.items():
        assert section in page, info
    assert "`sms.aliyun.template`" in page
    assert "`HUTONG_STORE__REDIS_URL`" in page


def test_every_error_is_documented(command: Run) -> None:
    page = documents.errors_page()
    for error in catalogue():
        assert f"| {error.code} | {error.__name__} |" in page


def test_two_errors_with_one_code_fail_the_build() -> None:
    twin: Any = SimpleNamespace(code=EngineUnavailable.code, __name__="Twin")
    with pytest.raises(ValueError, match="HT-0001 is both EngineUnavailable and Twin"):
        documents.refuse_twins([*catalogue(), twin])


@pytest.mark.parametrize(
    "failure", [SettingsError("x: wrong"), embedded.EmbeddedProblem("gone"), EngineUnavailable()]
)
def test_an_operator_reads_sentences_not_tracebacks(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), said_plainly():
        raise failure
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.strip()


def test_the_demo_is_reached_by_the_command_line_too() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "idp", "demo", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert said.returncode == 1
    assert "loopback" in said.stderr
