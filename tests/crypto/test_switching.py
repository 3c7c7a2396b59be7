"""Switching suites under a running node: the operator's own command, killed half-way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from idp.settings import ROOT
from idp.store import accounts, identities, rekeying
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.identities import Identity
from idp.store.numbers import NumberLoss
from idp.store.types import BlindIndex, sealer
from tests.engines.pairs import Engines

PEOPLE = 400
ROWS = 3 * PEOPLE


def phone(n: int) -> str:
    return f"+86139{n:08}"


def lost(n: int) -> str:
    return f"+86137{n:08}"


def document(n: int) -> str:
    return f"passport:E{n:08}"


def move_in() -> None:
    for n in range(PEOPLE):
        account = Account(phone=phone(n), phone_index=phone(n), profile={"nickname": f"人{n}"})
        db.session.add(account)
        db.session.flush()
        person = identities.Person(f"张{n}", "passport", f"E{n:08}", document(n))
        identities.bind(account, person)
        db.session.add(NumberLoss(account_id=account.id, phone=lost(n), phone_index=lost(n)))
    db.session.commit()


def find(n: int) -> None:
    """A person by every index there is; all three lead to one account."""
    account = accounts.by_phone(phone(n))
    identity = identities.having(document(n))
    loss = db.session.scalar(
        select(NumberLoss).where(BlindIndex.matches(NumberLoss.phone_index, lost(n)))
    )
    assert account is not None
    assert identity is not None
    assert loss is not None
    assert {identity.account_id, loss.account_id} == {account.id}
    assert (account.phone, account.profile) == (phone(n), {"nickname": f"人{n}"})
    assert (identity.real_name, identity.number, loss.phone) == (f"张{n}", f"E{n:08}", lost(n))


def find_everybody() -> None:
    db.session.remove()
    for n in range(PEOPLE):
        find(n)
    db.session.remove()


@contextmanager
def command(engines: Engines, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """``crypto rekey`` in a process of its own, in batches small enough to be met half-way."""
    environment = {
        **os.environ,
        "HUTONG_ENVIRONMENT": "testing",
        "HUTONG_VAR_DIR": str(engines.var_dir),
        "HUTONG_KEYS__FILE": str(directory / "keys.toml"),
        "HUTONG_STORE__DATABASE_URL": engines.database_url,
        "HUTONG_STORE__REDIS_URL": engines.redis_url,
    }
    arguments = [sys.executable, "-m", "idp", "crypto", "rekey", "--batch", "4"]
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.kill()


def half_way(running: subprocess.Popen[str], table: type[Account | Identity], column: str) -> None:
    """Wait until the command has some of ``table`` behind it and some before it."""
    current = rekeying._not_current(table.__table__.columns[column])  # type: ignore[attr-defined]
    while running.poll() is None:
        if 0 < rekeying._count(table.__table__, current) < PEOPLE:  # type: ignore[arg-type]
            return
        time.sleep(0.005)
    pytest.fail(f"it ended before it was met: {running.communicate()[0]}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_switch_of_suites_killed_half_way_goes_on_and_everybody_is_found(
    node, engines: Engines, tmp_path: Path
):
    move_in()
    ring = sealer().ring
    journeys = (("gm", Account, "phone"), ("intl", Identity, "document"))
    for suite, table, column in journeys:
        old = ring.current
        ring.activate(ring.add(suite))
        with command(engines, tmp_path) as killed:
            half_way(killed, table, column)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        assert killed.returncode == -signal.SIGKILL
        assert 0 < rekeying.remaining() < ROWS
        find_everybody()

        with command(engines, tmp_path) as again:
            n = 0
            while again.poll() is None:
                find(n % PEOPLE)
                db.session.remove()
                n += 7
            said = again.communicate()[0]

        assert again.returncode == 0, said
        assert said.endswith(" 0 remain.\n")
        assert rekeying.users([old, ring.current]) == {old: 0, ring.current: ROWS}
        ring.drop(old)
        find_everybody()
