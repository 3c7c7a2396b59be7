"""For the demo's portals: names under ``.localhost`` are this machine (RFC 6761 §6.3).

Browsers know, and so does the provider; many machines' own resolvers do not. A process started with
this directory on PYTHONPATH is told here; nothing is changed on the machine.
"""

import socket
from typing import Any

_asked = socket.getaddrinfo


def _answer(host: Any, *rest: Any, **more: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").endswith(".localhost"):
        host = "127.0.0.1"
    return _asked(host, *rest, **more)


socket.getaddrinfo = _answer
