"""A suite switch on many people: every sealed row from one suite to the other and back again."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from bench.scale import filling, people
from bench.scale.rows import Plan
from idp.commands.opening import with_engines
from idp.realname.documents import RESIDENT, from_legacy
from idp.settings import Settings
from idp.store import rekeying
from idp.store.accounts import Account
from idp.store.engines import db, new_id
from idp.store.identities import Identity
from idp.store.types import sealer

ROOT = Path(__file__).parent.parent.parent
_SAID = re.compile(r"^(\d+) rows re-sealed in ([0-9.]+) s", re.MULTILINE)
_CHUNK = 5_000
_LOOK_EVERY = 5.0
"""Seconds between two looks at how far the command is: each reads every table once."""


@dataclass(frozen=True)
class Killed:
    """A command ended by SIGKILL half-way."""

    seconds: float
    """After its start, which is counted."""
    remained: int
    """Rows still to be changed, of those there were."""


@dataclass(frozen=True)
class Switched:
    suite: str
    rows: int
    """Of the command that went to the end; one that was killed before it had done the others."""
    seconds: float
    """As the command counts them: its start left out."""
    cpu: float
    """Of the command, in seconds, its start included."""
    peak: int
    """Resident memory at most, in bytes."""
    remain: int
    killed: Killed | None = None

    @property
    def said(self) -> str:
        before = ""
        if self.killed:
            before = f"killed after {self.killed.seconds:.1f} s, {self.killed.remained} rows left; "
        return (
            f"{before}to {self.suite}: {self.rows} rows in {self.seconds:.1f} s, "
            f"{self.rows / max(self.seconds, 0.001):.0f} rows/s, {self.cpu:.1f} s of CPU, "
            f"{self.peak / 1e6:.0f} MB at most, {self.remain} remain"
        )


def identify(configured: Settings) -> int:
    """Give every account that has none an identity; answers how many it gave."""
    made = 0
    with with_engines(configured):
        plan = Plan(Identity.__table__, db.engine.dialect)  # type: ignore[arg-type]
        while True:
            with db.engine.begin() as connection:
                without = ~select(Identity.id).where(Identity.holder == Account.id).exists()
                ids = connection.scalars(select(Account.id).where(without).limit(_CHUNK)).all()
                rows = [plan.row(_identity(id_, made + n)) for n, id_ in enumerate(ids)]
                filling.put(connection, plan, rows)
            made += len(ids)
            if not ids:
                break
        db.engine.dispose()
    return made


def switch(
    configured: Settings,
    suites: tuple[str, ...] = ("gm", "intl"),
    *,
    kill: bool = False,
    options: tuple[str, ...] = (),
    look_every: float = _LOOK_EVERY,
) -> Iterator[Switched]:
    """Move everything to a new key of each suite in turn, by the operator's own command.

    ``kill``: end the first command of each by SIGKILL half-way, and let another one go on.
    ``options`` are the command's. Raises filling.Refused.
    """
    for suite in suites:
        with with_engines(configured):
            ring = sealer().ring
            ring.activate(ring.add(suite))
        killed = _killed(configured, options, look_every) if kill else None
        yield replace(_rekeyed(configured, suite, options), killed=killed)


def _killed(configured: Settings, options: tuple[str, ...], look_every: float) -> Killed:
    with with_engines(configured), _command(configured, options) as running:
        before = left = rekeying.remaining()
        began = time.monotonic()
        while left > before / 2:
            if running.poll() is not None:
                raise filling.Refused("crypto rekey was not met half-way: invent more people")
            time.sleep(look_every)
            left = rekeying.remaining()
        running.send_signal(signal.SIGKILL)
        running.communicate()
        return Killed(time.monotonic() - began, rekeying.remaining())


def _command(configured: Settings, options: tuple[str, ...]) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HUTONG_ENVIRONMENT": configured.environment,
        "HUTONG_VAR_DIR": str(configured.var_dir),
        "HUTONG_STORE__DATABASE_URL": configured.database_url,
        "HUTONG_STORE__REDIS_URL": configured.redis_url,
    }
    arguments = [sys.executable, "-m", "idp", "crypto", "rekey", *options]
    return subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _rekeyed(configured: Settings, suite: str, options: tuple[str, ...]) -> Switched:
    began = time.monotonic()
    with _command(configured, options) as running:
        told = running.stdout.read() if running.stdout else ""
        _, status, used = os.wait4(running.pid, 0)  # by hand: only so is its memory known
        running.returncode = os.waitstatus_to_exitcode(status)
    found = _SAID.search(told)
    if running.returncode or found is None:
        raise filling.Refused(
            f"crypto rekey failed after {time.monotonic() - began:.0f} s:\n{told}"
        )
    remain = int(told.rstrip().rpartition(" remain")[0].split()[-1])
    cpu = used.ru_utime + used.ru_stime
    return Switched(suite, int(found[1]), float(found[2]), cpu, used.ru_maxrss * 1024, remain)


def _identity(account_id: str, n: int) -> dict[str, object]:
    """Somebody with a resident's number; ``n`` keeps the keys apart where numbers repeat."""
    number = from_legacy(f"110105{60 + n % 40}0101{n % 995:03}")
    return {
        "id": new_id(),
        "account_id": account_id,
        "holder": account_id,
        "kind": RESIDENT,
        "document": f"{RESIDENT}:{number}:{n}",
        "document_index": f"{RESIDENT}:{number}:{n}",
        "number": number,
        "real_name": people.person(n).name or "王伟",
    }
