"""Commands as an operator types them."""

from collections.abc import Callable

import flask
import pytest
from click.testing import CliRunner, Result

from idp import settings
from idp.commands import cli
from tests.engines.pairs import Engines

Run = Callable[..., Result]


@pytest.fixture
def command(
    app: flask.Flask, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run ``python -m idp …`` on the engines of the test."""
    monkeypatch.setenv(f"{settings.PREFIX}ENVIRONMENT", "testing")
    monkeypatch.setenv(f"{settings.PREFIX}VAR_DIR", str(engines.var_dir))
    monkeypatch.setenv(f"{settings.PREFIX}STORE__DATABASE_URL", engines.database_url)
    monkeypatch.setenv(f"{settings.PREFIX}STORE__REDIS_URL", engines.redis_url)

    def run(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run
