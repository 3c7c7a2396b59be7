"""A number that grows whenever this node hears that trust has changed: what processes know of
other entities is looked at anew under a later one.
"""

from typing import cast

from idp.store.asking import ask

_KEY = "federation:epoch"


def current() -> int:
    return int(cast(bytes | None, ask(("GET", _KEY))[0]) or 0)


def advance() -> int:
    return int(cast(int, ask(("INCR", _KEY))[0]))
