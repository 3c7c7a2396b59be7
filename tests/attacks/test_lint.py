"""What `make lint` says of secrets and of flaws in dependencies: it fails when it must."""

import base64
import json
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import audit, secret_scan

HEAD, TAIL = "-----BEGIN EC PRIVATE" + " KEY-----", "-----END EC PRIVATE" + " KEY-----"
PLANTED = {
    "a private key": f"{HEAD}\n{base64.b64encode(b'x' * 90).decode()}\n{TAIL}\n",
    "a cloud key": "access = 'AKIA" + "QWERTZUP" + "LKJHGFDS" + "'",
    "a token": "t = 'eyJhbGciOiJFUzI1NiJ9" + ".eyJzdWIiOiJ3YW5nIn0.c2lnbmF0dXJl'",
    "an address with a password": "url = 'redis://node:" + "gz5Kq0Vt@db.example/0'",
    "a random text": f"key = '{base64.b64encode(secrets.token_bytes(36)).decode()}'",
    "a random number": f"key = '{secrets.token_hex(32)}'",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found(tmp_path: Path, kind: str) -> None:
    (tmp_path / "settings.py").write_text(PLANTED[kind])

    assert secret_scan.scan(["settings.py"], tmp_path)


def test_a_planted_secret_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(secret_scan.BASELINE, tmp_path / "baseline")
    monkeypatch.setattr(secret_scan, "BASELINE", tmp_path / "baseline")
    monkeypatch.setattr(secret_scan, "ROOT", tmp_path)
    (tmp_path / "keys.pem").write_text(PLANTED["a private key"])
    for command in (["git", "init", "-q"], ["git", "add", "keys.pem"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    real = secret_scan.scan
    monkeypatch.setattr(secret_scan, "scan", lambda paths: real(paths, tmp_path))

    assert secret_scan.main([]) == 1
    assert "keys.pem:1: Private Key" in capsys.readouterr().err
    assert secret_scan.main(["--accept"]) == 0
    assert secret_scan.main([]) == 1, "accepting is not reviewing"


def test_everything_in_the_baseline_was_looked_at() -> None:
    assert all(secret_scan.accepted().values())


def test_a_pin_moved_back_to_a_known_flaw_fails(tmp_path: Path) -> None:
    for name in audit.PINS:
        text = (audit.ROOT / name).read_text()
        (tmp_path / name).write_text(text)
    assert not audit.known(tmp_path).found
    pins = (tmp_path / "requirements.txt").read_text().splitlines()
    moved = ["authlib==1.6.4" if pin.startswith("authlib==") else pin for pin in pins]
    (tmp_path / "requirements.txt").write_text("\n".join(moved))

    assert "CVE-2026-41479" in audit.known(tmp_path).found[0]


def test_a_package_the_service_skips_is_not_called_safe() -> None:
    """pip-audit itself says «No known vulnerabilities found» of it."""
    answer = {"dependencies": [{"name": "flask", "skip_reason": "not found"}]}

    assert "1 of 1" in audit.of_pip_audit(answer).unchecked[0]


def test_a_flaw_the_service_knows_fails() -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["2"]}
    answer = {"dependencies": [{"name": "flask", "version": "1", "vulns": [flaw]}]}

    assert audit.of_pip_audit(answer).found == ["flask 1 (PYSEC-1); fixed in 2"]


@pytest.mark.parametrize(
    ("said", "found", "unchecked"),
    [
        ({"vulnerabilities": {"left-pad": {"severity": "high"}}}, 1, 0),
        ({"vulnerabilities": {}}, 0, 0),
        ({"error": {"summary": "no audit here"}}, 0, 1),
        (None, 0, 1),
    ],
)
def test_npm_says_yes_no_or_nothing(said: object, found: int, unchecked: int) -> None:
    ended = subprocess.CompletedProcess([], 1, json.dumps(said) if said else "", "npm error")

    report = audit.of_npm_audit(ended, "package-lock.json")

    assert (len(report.found), len(report.unchecked)) == (found, unchecked)


@pytest.mark.parametrize(("wanted", "status"), [("", 0), ("required", 1)])
def test_what_was_not_checked_is_said_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wanted: str, status: int
) -> None:
    monkeypatch.setenv("HUTONG_AUDIT", wanted)
    monkeypatch.setattr(audit, "node", audit.Report)
    monkeypatch.setattr(audit, "python", lambda: audit.Report(unchecked=["everything"]))

    assert audit.main() == status
    assert "NOT CHECKED" in capsys.readouterr().err
