"""A node that is started without one of its engines says which, and does not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from idp import settings
from tests.engines.processes import spare_port

NOWHERE = {
    "redis": "unix:///nonexistent/redis",
    "redis by TCP": "redis://127.0.0.1:{port}/0",
    "cluster": "redis+cluster://127.0.0.1:{port}",
    "sentinel": "redis+sentinel://127.0.0.1:{port}/main",
    "sql": "postgresql+psycopg://hutong:s3cret@127.0.0.1:{port}/hutong",
}


@pytest.mark.slow
@pytest.mark.parametrize("missing", NOWHERE)
def test_serve_names_the_engine_that_is_missing(tmp_path: Path, missing: str) -> None:
    setting = "DATABASE_URL" if missing == "sql" else "REDIS_URL"
    own = {
        "HUTONG_ENVIRONMENT": "testing",
        "HUTONG_VAR_DIR": str(tmp_path / "var"),
        f"HUTONG_STORE__{setting}": NOWHERE[missing].format(port=spare_port()),
    }
    done = subprocess.run(
        [sys.executable, "-m", "idp", "serve", "--port", str(spare_port())],
        cwd=settings.ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert ("SQL" if missing == "sql" else "Redis") in done.stderr
    assert f"store.{setting.lower()}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
