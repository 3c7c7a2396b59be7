"""What every event of one request shares: set by ``web`` or a command, read at ``record``."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import NamedTuple


class Context(NamedTuple):
    request_id: str = ""
    channel: str = "system"
    """``web``, ``api``, ``hall``, ``hotline``, ``device``, ``command``, ``system``."""
    terminal: str = ""
    """The kind of browser or device in a word or two."""
    region: str = ""
    """GB/T 2260 code of the node that recorded it."""
    address: str = ""
    """Where the request came from; sealed before it is written."""
    acting_for: str = ""
    role: str = ""


_current: ContextVar[Context] = ContextVar("audit_context")
_NOBODY = Context()


def current() -> Context:
    return _current.get(_NOBODY)


def enter(context: Context) -> Token[Context]:
    return _current.set(context)


def leave(token: Token[Context]) -> None:
    _current.reset(token)


@contextmanager
def use(context: Context) -> Iterator[None]:
    token = enter(context)
    try:
        yield
    finally:
        leave(token)
