"""Spare ports on loopback."""

import socket
from contextlib import ExitStack


def spare(count: int) -> list[int]:
    """``count`` ports nobody listens on at this moment."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
