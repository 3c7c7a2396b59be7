"""The Valkey a node brings along has one owner and keeps what it was told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp import settings
from idp.store.embedded import Embedded, EmbeddedProblem, require
from idp.store.servers import connect


@pytest.fixture
def configured(tmp_path: Path) -> settings.Settings:
    return settings.load(environment="testing", var_dir=tmp_path / "var")


@pytest.fixture
def engine(configured: settings.Settings) -> Iterator[Embedded]:
    engine = Embedded(configured)
    engine.start()
    yield engine
    engine.stop()


def test_only_this_user_reaches_it_and_only_by_its_socket(
    engine: Embedded, configured: settings.Settings
) -> None:
    assert engine.socket.stat().st_mode & 0o777 == 0o600
    client = connect(configured)
    assert client.config_get("port")["port"] in {"0", b"0"}
    assert client.info("persistence")["aof_enabled"] == 1
    assert client.info("memory")["maxmemory_policy"] == "noeviction"
    client.close()


def test_it_has_one_owner(engine: Embedded, configured: settings.Settings) -> None:
    with pytest.raises(EmbeddedProblem, match="Another `serve` owns"):
        Embedded(configured).start()
    assert engine.alive()


def test_what_was_written_is_there_after_a_restart(
    engine: Embedded, configured: settings.Settings
) -> None:
    client = connect(configured)
    client.set("kept", "1")
    client.close()
    engine.stop()
    engine.start()
    client = connect(configured)
    assert client.get("kept") == b"1"
    client.close()


def test_who_attaches_is_told_plainly_that_nothing_runs(configured: settings.Settings) -> None:
    with pytest.raises(EmbeddedProblem, match=r"Start the node with `python -m idp serve`"):
        require(configured)


def test_the_next_start_ends_what_a_killed_owner_left(configured: settings.Settings) -> None:
    code = (
        "import sys, time; from idp import settings; from idp.store.embedded import Embedded;"
        "s = settings.load(environment='testing', var_dir=sys.argv[1]); Embedded(s).start();"
        "print('up', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(configured.var_dir)], stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    orphan = int((configured.var_dir / "valkey" / "valkey.pid").read_text())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    os.kill(orphan, 0)
    engine = Embedded(configured)
    engine.start()
    try:
        assert not _runs(orphan)
        require(configured)
    finally:
        engine.stop()


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(
    configured: settings.Settings,
) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    directory = configured.var_dir / "valkey"
    directory.mkdir(parents=True)
    (directory / "valkey.pid").write_text(str(stranger.pid))
    engine = Embedded(configured)
    engine.start()
    engine.stop()
    assert stranger.poll() is None
    stranger.send_signal(signal.SIGKILL)
    stranger.wait()


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    deep = settings.load(environment="testing", var_dir=tmp_path / ("x" * 90))
    with pytest.raises(EmbeddedProblem, match="too long for a socket"):
        Embedded(deep).start()


def _runs(pid: int) -> bool:
    """Whether the process is there and not merely unmourned."""
    time.sleep(0.1)
    try:
        return b"valkey" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
