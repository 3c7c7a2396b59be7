"""Disks so small that the rig can fill them."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PLACES = {"pg": "400m", "redis": "96m", "var": "96m"}
"""By folder of a rig: what lies on it and how large it is."""
_BALLAST = "ballast"
_BLOCK = b"\0" * (1 << 16)


def missing() -> str:
    """Why disks cannot be had here, "" when they can."""
    if os.geteuid() != 0:
        return "only root may mount a small disk to fill"
    probe = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    return "" if probe.returncode == 0 else "this machine lets nobody mount a small disk to fill"


@contextmanager
def small(directory: Path) -> Iterator[None]:
    """Put each place on a disk of its own, in memory."""
    with ExitStack() as stack:
        for place, size in PLACES.items():
            path = directory / place
            path.mkdir(mode=0o711)
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True
            )
            stack.callback(subprocess.run, ["umount", "-l", path], check=False)
        yield


@contextmanager
def full(path: Path) -> Iterator[None]:
    """Not a byte is left on the disk of ``path``, whatever is deleted on it meanwhile."""
    ballast = path / _BALLAST
    try:
        with ballast.open("wb", buffering=0) as file:
            for block in (_BLOCK, _BLOCK[:4096], b"\0"):
                _fill(file.fileno(), block)
            yield
    finally:
        with suppress(FileNotFoundError):
            ballast.unlink()


def _fill(file: int, block: bytes) -> None:
    try:
        while True:
            os.write(file, block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
