"""``/health/live`` (this process answers) and ``/health/ready`` (it can do its work).

Not ready means: send people to another process, do not restart this one.
"""

from collections.abc import Callable

import flask
import structlog

from idp.audit import log as audit
from idp.settings import Settings
from idp.store import health as engines

_log = structlog.get_logger("idp.health")

_NEEDS = {"migrations": "sql", "keys": "sql", "audit": "redis"}
"""What a check asks: of an engine that hangs one answer is waited for, not one a check."""

bp = flask.Blueprint("health", __name__, url_prefix="/health")


def init_app(app: flask.Flask, settings: Settings) -> None:
    app.extensions["hutong.readiness"] = {
        "sql": engines.sql_problem,
        "migrations": engines.migrations_problem,
        "redis": engines.redis_problem,
        "keys": _keys_problem,
        "audit": lambda: _backlog_problem(settings.audit.backlog),
    }
    app.register_blueprint(bp)


@bp.get("/live")
def live() -> dict[str, str]:
    return {"status": "ok"}


@bp.get("/ready")
def ready() -> tuple[dict[str, object], int]:
    problems = check()
    status = "unready" if any(problems.values()) else "ok"
    checks = {name: problem or "ok" for name, problem in problems.items()}
    return {"status": status, "checks": checks}, 503 if status == "unready" else 200


def check() -> dict[str, str]:
    """Each check's problem in one sentence, "" where there is none."""
    checks: dict[str, Callable[[], str]] = flask.current_app.extensions["hutong.readiness"]
    found: dict[str, str] = {}
    for name, look in checks.items():
        engine = _NEEDS.get(name, "")
        found[name] = (
            f"not looked at: {engine} does not work" if found.get(engine) else (_run(name, look))
        )
    return found


def _run(name: str, look: Callable[[], str]) -> str:
    try:
        return look()
    except Exception as error:  # a check that breaks is a check that failed
        _log.warning("check failed", check=name, exc_info=error)
        return f"{name} does not answer ({type(error).__name__})"


def _keys_problem() -> str:
    keys = flask.current_app.extensions["idp"].keys
    if keys.jwks().get("keys"):
        return ""
    return "there is no signing key: run `python -m idp keys rotate`"


def _backlog_problem(limit: int) -> str:
    waiting = audit.backlog()
    if waiting <= limit:
        return ""
    return f"{waiting} audit events wait to be copied: is `python -m idp worker` running?"
