"""Logs: one JSON object a line on standard error, joined by the request id.

What may never appear: bodies, query strings, header values, and anything a person is
known by. Whoever logs names things by their ids.
"""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import structlog

from idp.audit import context as audit
from idp.settings import Settings

_QUIET = {
    "authlib": logging.INFO,  # at DEBUG it prints tokens
    "alembic": logging.WARNING,  # readiness asks it every few seconds
    "httpx": logging.WARNING,  # at INFO it prints URLs with their queries
    "httpcore": logging.WARNING,
    "werkzeug": logging.WARNING,  # its access log prints query strings
    "sqlalchemy.engine": logging.WARNING,  # at INFO it prints statements' parameters
}


def configure(settings: Settings) -> None:
    """Send structlog's and the standard library's records the same way."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared = _shared()
    renderer = _renderer(settings)
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    _configure_standard_library(level, shared, renderer)


def of_requests(settings: Settings) -> Callable[..., None]:
    """What writes the one line of a request: ``method``, ``route``, ``status``, ``ms`` and
    ``request_id``. As JSON it needs nothing of what other lines go through."""
    if logging.getLevelNamesMapping()[settings.log_level.upper()] > logging.INFO:
        return lambda **_said: None
    if settings.log_format != "json":
        return partial(structlog.get_logger("idp.web").info, "request")
    return _request_line


def _request_line(**said: Any) -> None:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {**said, "event": "request", "level": "info", "timestamp": moment}
    _Stderr().msg(orjson.dumps(line).decode())


def _shared() -> list[Any]:
    return [
        _name_the_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]


def _name_the_request(_logger: Any, _method: str, said: Any) -> Any:
    if request_id := audit.current().request_id:
        said.setdefault("request_id", request_id)
    return said


def _renderer(settings: Settings) -> list[Any]:
    if settings.log_format == "json":
        return [structlog.processors.JSONRenderer(serializer=_to_json)]
    return [structlog.dev.ConsoleRenderer(colors=False)]


def _to_json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=repr).decode()


class _Stderr:
    """Looks the stream up for each line: whoever replaced it meant to see the log."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def _to_stderr(*_names: Any) -> _Stderr:
    return _Stderr()


def _configure_standard_library(level: int, shared: list[Any], renderer: list[Any]) -> None:
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))


class _StderrHandler(logging.StreamHandler[Any]):
    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _given: Any) -> None:
        pass
