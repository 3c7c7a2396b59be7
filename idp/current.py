"""What belongs to the app at work, found as cheaply as the hot path needs it."""

from typing import Any

# Flask's own proxies read the same variable, through several calls for every attribute;
# a request asks for one some thirty times.
from flask.globals import _cv_app


def here() -> Any:
    """What is kept for this request: ``flask.g``, found in one step."""
    return _cv_app.get().g


def of_the_app() -> dict[str, Any]:
    """``app.extensions`` of whichever app's context is open."""
    return _cv_app.get().app.extensions


class OfTheApp:
    """Stands for ``app.extensions[name]`` of whichever app's context is open."""

    __slots__ = ("_name",)

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(_cv_app.get().app.extensions[self._name], attribute)
