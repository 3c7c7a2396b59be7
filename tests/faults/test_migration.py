"""Migrations that are killed in the middle, and two that run at once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from idp.settings import ROOT
from tests.engines import pairs, postgres

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

DONE = 60.0


@dataclass
class Empty:
    """A database without a table, and the command that fills it."""

    environ: dict[str, str]

    def upgrade(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "idp", "db", "upgrade"],
            cwd=ROOT, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def says(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=ROOT, env=self.environ, text=True, capture_output=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


@pytest.fixture
def empty(pair: str, tmp_path: Path) -> Iterator[Empty]:
    own = {**os.environ, "HUTONG_ENVIRONMENT": "testing", "HUTONG_VAR_DIR": str(tmp_path / "var")}
    if pair.startswith("embedded"):
        yield Empty(own)
        return
    pairs.require(postgres.missing())
    with postgres.server(tmp_path / "pg", *postgres.KILLABLE) as (url, _):
        yield Empty({**own, "HUTONG_STORE__DATABASE_URL": url})


def test_a_killed_migration_is_run_again_and_arrives(empty: Empty) -> None:
    before = time.monotonic()
    done = empty.upgrade()
    whole = _said(done)
    assert done.returncode == 0, whole
    took = time.monotonic() - before
    _emptied(empty)
    for share in (0.5, 0.7, 0.8, 0.9, 0.95):
        killed = empty.upgrade()
        time.sleep(took * share + random.uniform(0, 0.1))
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    again = empty.upgrade()
    said = _said(again)
    assert again.returncode == 0, said
    assert "pending" not in empty.says("db", "current")


def test_two_at_once_do_it_once(empty: Empty) -> None:
    both = [empty.upgrade() for _ in range(2)]
    said = [_said(each) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert "pending" not in empty.says("db", "current")


def _said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=DONE)[0][-2000:]


def _emptied(empty: Empty) -> None:
    url = empty.environ.get("HUTONG_STORE__DATABASE_URL", "")
    if not url:
        for file in Path(empty.environ["HUTONG_VAR_DIR"]).glob("hutong.db*"):
            file.unlink()
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
