"""One code, exchanged once, answered alike to every copy of the callback that brought it.

WeChat's browser asks a slow callback a second time; the code is used then (40163). What it gave is
kept for a minute under the code *and* the state, so that a code alone, from somebody's log, is
worth nothing.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from idp.store import ephemeral
from idp.upstream.errors import CodeUnusable

KIND, ASKING, TWIN = "upstream-person", "upstream-asking", "upstream-twin"
KEPT = timedelta(minutes=1)
PAUSES = (0.1, 0.3, 0.6)
"""Seconds between looks for what a twin was given: it has been answered, or soon will be."""

Said = dict[str, Any]


def exchanged(app_id: str, code: str, state: str, ask: Callable[[], Said]) -> Said:
    """What ``ask`` says of this code, or said. Raises what ``ask`` raises."""
    secret = f"{app_id} {state} {code}"
    if known := ephemeral.peek_sealed(KIND, secret):
        return known
    first = ephemeral.first_time(ASKING, secret, KEPT)
    if not first:
        _note_twin(secret)  # before it asks: it may be served before the first
    try:
        said = ask()
    except CodeUnusable:
        alone = first and _note_twin(secret)
        if alone or not (known := _of_the_twin(secret)):
            raise
        return known
    ephemeral.put_sealed(KIND, secret, said, KEPT)
    return said


def _note_twin(secret: str) -> bool:
    """Note that somebody else asks; whether nobody had noted it."""
    return ephemeral.first_time(TWIN, secret, KEPT)


def _of_the_twin(secret: str) -> Said | None:
    for pause in PAUSES:
        if known := ephemeral.peek_sealed(KIND, secret):
            return known
        time.sleep(pause)
    return ephemeral.peek_sealed(KIND, secret)
