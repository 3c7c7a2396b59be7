"""For processes of the TLS town: names under ``.test`` are on this machine.

Browsers are told by ``--host-resolver-rules``; a process started with this directory on
PYTHONPATH is told here. Nothing is changed on the machine.
"""

import socket
from typing import Any

_asked = socket.getaddrinfo


def _answer(host: Any, *rest: Any, **more: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").endswith(".test"):
        host = "127.0.0.1"
    return _asked(host, *rest, **more)


socket.getaddrinfo = _answer
